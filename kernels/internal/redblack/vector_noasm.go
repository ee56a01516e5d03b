//go:build !amd64 || purego

package redblack

// HasAVX2 and HasAVX512 report whether this processor can run a form: this build has none.
func HasAVX2() bool   { return false }
func HasAVX512() bool { return false }

// Run returns 0: no form of this build has waves.
func (w *Wave[T]) Run(*Form[T], []Link[T]) T { return 0 }

// AVX2 and AVX512 return empty forms.
func AVX2[T Float]() (f Form[T])   { return f }
func AVX512[T Float]() (f Form[T]) { return f }
