// The parts of cycle: it writes another state than it reads.

#define state_at out_at
#define state_width out_width
