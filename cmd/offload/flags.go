package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"offload/device"
	"offload/device/check"
)

// number is an integer flag that fails for numbers out of the range of int.
type number int

// intVar adds an integer flag to cmd.
func intVar(cmd *cobra.Command, n *int, name string, value int, usage string) {
	*n = value
	cmd.Flags().Var((*number)(n), name, usage)
}

func (n *number) Type() string { return "int" }

func (n *number) String() string { return strconv.Itoa(int(*n)) }

func (n *number) Set(text string) error {
	v, err := strconv.ParseInt(text, 10, strconv.IntSize)
	if err == nil {
		*n = number(v)
	}
	return err
}

// intList is a flag with a comma-separated list of integers of at least 1, each in the
// form 4096 or 1e6.
type intList []int

func (l *intList) Type() string { return "N[,N...]" }

func (l *intList) String() string {
	words := make([]string, len(*l))
	for i, n := range *l {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ",")
}

func (l *intList) Set(text string) error {
	var list intList
	for word := range strings.SplitSeq(text, ",") {
		n, err := positive(word)
		if err != nil {
			return err
		}
		list = append(list, n)
	}
	*l = list
	return nil
}

// positive parses an integer of at least 1, also in the form 1e6.
func positive(word string) (int, error) {
	if n, err := strconv.Atoi(word); err == nil {
		if n < 1 {
			return 0, fmt.Errorf("%d is less than 1", n)
		}
		return n, nil
	}
	x, err := strconv.ParseFloat(word, 64)
	if err != nil || x != math.Trunc(x) || !(x >= 1 && x < 1<<53 && x <= math.MaxInt) {
		return 0, fmt.Errorf("%q is not a whole number of at least 1", word)
	}
	return int(x), nil
}

// shape is a flag of the form ROWS or ROWSxCOLS.
type shape struct{ rows, cols int }

func (s *shape) Type() string { return "ROWS[xCOLS]" }

func (s *shape) String() string {
	if s.rows == s.cols {
		return strconv.Itoa(s.rows)
	}
	return fmt.Sprintf("%dx%d", s.rows, s.cols)
}

func (s *shape) Set(text string) error {
	first, second, oblong := strings.Cut(text, "x")
	if !oblong {
		second = first
	}
	rows, err := positive(first)
	if err != nil {
		return err
	}
	cols, err := positive(second)
	if err != nil {
		return err
	}
	s.rows, s.cols = rows, cols
	return nil
}

// totalBytes returns transfers·bytes, limited to half the range of int64.
func totalBytes(transfers int, bytes int64) int64 {
	const most = math.MaxInt64 / 2
	if bytes > 0 && int64(transfers) > most/bytes {
		return most
	}
	return int64(transfers) * bytes
}

// checking is the flag --check: the checks of a running simulation.
type checking struct{ kind string }

func (c *checking) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.kind, "check", "", "check every launch: finite (NaN and Inf), checksum (flipped bits in buffers), debug (kernels that violate the rules of a launch; slow)")
}

// check returns a usage error for an unknown check.
func (c *checking) check(cmd *cobra.Command) error {
	if !cmd.Flags().Changed("check") {
		return nil
	}
	return oneOf("check", c.kind, []string{"finite", "checksum", "debug"})
}

// wrap returns d with the selected check.
func (c *checking) wrap(d device.Device) device.Device {
	switch c.kind {
	case "finite":
		return check.Finite(d)
	case "checksum":
		return check.Checksum(d)
	case "debug":
		return check.Debug(d)
	}
	return d
}
