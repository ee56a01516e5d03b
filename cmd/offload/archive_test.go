//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"offload/archive"
	"offload/sims/solar"
)

// archived runs the program and ends it with a signal after a while, if after is not 0. It reports whether the program
// came to its end.
func archived(t *testing.T, after time.Duration, sig syscall.Signal, args ...string) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "OFFLOAD_TEST_AS_PROGRAM=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		defer time.AfterFunc(after, func() { cmd.Process.Signal(sig) }).Stop()
	}
	var exit *exec.ExitError
	err := cmd.Wait()
	if errors.As(err, &exit) {
		if after == 0 {
			t.Fatalf("%v: exit code %d", args, exit.ExitCode())
		}
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return true
}

// kills is the number of times that TestKilled kills a run. OFFLOAD_KILLS is another one.
const kills = 20

// A run that is killed again and again, and goes on from its archive on another device with another number of workers,
// has the frames of the run in one piece.
func TestKilled(t *testing.T) {
	most := kills
	if testing.Short() {
		most = 2
	}
	if n, err := strconv.Atoi(os.Getenv("OFFLOAD_KILLS")); err == nil {
		most = n
	}
	r := rand.New(rand.NewPCG(1, 1))
	places := [][]string{{"--device=cpu"}, {"--device=cpu", "--workers=1"}, {"--device=reference"}, {"--device=cpu", "--workers=3"}}
	runs := [][]string{
		{"sim", "solar", "--until=+20y", "--every=50"},
		{"sim", "solar", "--gr", "--until=-25y"},
		{"sim", "solar", "--integrator=yoshida4", "--until=+6y", "--every=33.3"},
		{"sim", "solar", "--integrator=wh", "--bodies=" + planets(t), "--until=+5000y", "--every=50000"},
		{"sim", "solar", "--integrator=wh", "--bodies=" + planets(t), "--particles=" + asteroids(t), "--gr", "--until=+150y"},
		{"sim", "plate", "--n=65x50", "--left=flux:5000", "--right=20", "--time=30", "--dt=0.2", "--every=1"},
		{"sim", "plate", "--n=129", "--top=100", "--solver=jacobi", "--tol=1e-6", "--every=2000"},
	}
	for n, killed := 0, 0; killed < most; n++ {
		dir := t.TempDir()
		whole, parts := filepath.Join(dir, "whole"), filepath.Join(dir, "parts")
		args := runs[n%len(runs)]
		began := time.Now()
		archived(t, 0, 0, append(args, "--device=cpu", "--archive="+whole)...)
		took := time.Since(began)
		for done := false; !done; {
			next := append(append([]string{}, args...), "--archive="+parts)
			if a, err := archive.Open(context.Background(), parts); err == nil {
				if a.Len() > 0 {
					next = []string{"sim", args[1], "--resume=" + parts}
				} else if err := os.Remove(parts); err != nil {
					t.Fatal(err)
				}
				a.Close()
			} else if !errors.Is(err, os.ErrNotExist) {
				t.Fatalf("after %d kills: %v", killed, err)
			}
			after := time.Duration(r.Int64N(int64(took)))
			if killed >= most {
				after = 0
			}
			if done = archived(t, after, syscall.SIGKILL, append(next, places[killed%len(places)]...)...); !done {
				killed++
			}
		}
		same(t, whole, parts, fmt.Sprint(args))
	}
}

// planets writes the Sun and the planets at J2000 to a file, without the Moon, and returns its name.
func planets(t *testing.T) string {
	t.Helper()
	sys, err := solar.J2000()
	if err != nil {
		t.Fatal(err)
	}
	sys.Bodies = slices.DeleteFunc(sys.Bodies, func(b solar.Body) bool { return b.Name == "Moon" })
	var text bytes.Buffer
	if err := solar.WriteBodies(&text, sys); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "planets.csv")
	if err := os.WriteFile(path, text.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// asteroids writes particles between Mars and Jupiter to a file and returns its name.
func asteroids(t *testing.T) string {
	t.Helper()
	text := []byte("x_au,y_au,z_au,vx_au_d,vy_au_d,vz_au_d\n")
	for i := range 70 {
		a, phase := 2.1+float64(i)/70, 2.4*float64(i)
		v := 0.0172 / math.Sqrt(a)
		text = fmt.Appendf(text, "%v,%v,0,%v,%v,%v\n", a*math.Cos(phase), a*math.Sin(phase), -v*math.Sin(phase), v*math.Cos(phase), v/20)
	}
	path := filepath.Join(t.TempDir(), "asteroids.csv")
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// same compares all frames of two archives.
func same(t *testing.T, whole, parts, what string) {
	t.Helper()
	a, err := archive.Open(context.Background(), whole)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := archive.Open(context.Background(), parts)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	c, err := archive.Compare(context.Background(), a, b)
	if err != nil || c.Difference != nil || c.Frames != a.Len() {
		t.Errorf("%s: %d of %d frames are equal, %+v, %v", what, c.Frames, a.Len(), c.Difference, err)
	}
	if err := b.Verify(context.Background(), nil); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}
