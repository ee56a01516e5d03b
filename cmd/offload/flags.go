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

// number is a flag of a whole number that an int holds.
type number int

// intVar adds such a flag to cmd.
func intVar(cmd *cobra.Command, n *int, name string, value int, usage string) {
	*n = value
	cmd.Flags().Var((*number)(n), name, usage)
}

func (n *number) Type() string { return "int" }

func (n *number) String() string { return strconv.Itoa(int(*n)) }

func (n *number) Set(text string) error {
	v, err := strconv.ParseInt(text, 0, strconv.IntSize)
	if err == nil {
		*n = number(v)
	}
	return err
}

// intList is a flag of whole numbers between commas, each written like 4096 or
// 1e6 and at least 1.
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

// positive reads a whole number of at least 1, also in the form 1e6.
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

// totalBytes is what so many transfers come to, which is no more than an estimate where
// that is beyond all bounds.
func totalBytes(transfers int, bytes int64) int64 {
	const most = math.MaxInt64 / 2
	if bytes > 0 && int64(transfers) > most/bytes {
		return most
	}
	return int64(transfers) * bytes
}

// checking is the flag --check: what is watched for while a simulation runs.
type checking struct{ kind string }

func (c *checking) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.kind, "check", "", "watch the results: finite (the first NaN or Inf), checksum (flipped bits), debug (kernels that break the rule of a launch; slow)")
}

// check refuses an unknown word.
func (c *checking) check(cmd *cobra.Command) error {
	if !cmd.Flags().Changed("check") {
		return nil
	}
	return oneOf("check", c.kind, []string{"finite", "checksum", "debug"})
}

// wrap is d with the checks that were asked for.
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
