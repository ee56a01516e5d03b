package device

// Joined is a Device made of others. Who doubts its results asks the parts one by one:
// a part may have no share of a small launch.
type Joined interface {
	Device
	// Parts lists the devices that it is made of, without those that were lost. They
	// stay open as long as the whole; only the whole may close them.
	Parts() []Device
}
