package main

import (
	"bytes"
	"errors"
	"testing"

	"offload/sims/solar"
)

// What comes again after a restart is written once; something else is an error.
func TestRepeatable(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second []string
		want          string
		err           error
	}{
		{"the same", []string{"one", "two"}, []string{"on", "etwo", "three"}, "onetwothree", nil},
		{"across the end", []string{"one"}, []string{"onetwo"}, "onetwo", nil},
		{"nothing before", nil, []string{"one"}, "one", nil},
		{"another", []string{"one"}, []string{"onf"}, "one", errChanged},
		{"another before more", []string{"one"}, []string{"two", "three"}, "one", errChanged},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			w := newRepeatable(&b)
			write := func(texts []string) (err error) {
				for _, s := range texts {
					if _, err = w.Write([]byte(s)); err != nil {
						return err
					}
				}
				return nil
			}
			if err := write(c.first); err != nil {
				t.Fatal(err)
			}
			w.restart()
			if err := write(c.second); !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			if b.String() != c.want {
				t.Errorf("wrote %q, want %q", b.String(), c.want)
			}
		})
	}
}

// States on stdout are complete after each sample.
func TestStatesOnStdout(t *testing.T) {
	cmd, stdout := newRoot(nil), &bytes.Buffer{}
	cmd.SetOut(stdout)
	out, err := openStates(cmd, toStdout)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		if err := out.write(solar.Snapshot{JD: float64(n), Bodies: []solar.State{{Name: "A"}}}); err != nil {
			t.Fatal(err)
		}
		if rows := bytes.Count(stdout.Bytes(), []byte("\n")); rows != n+2 {
			t.Errorf("%d rows after %d samples, want %d", rows, n+1, n+2)
		}
	}
}
