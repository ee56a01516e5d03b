//go:build unix

package archive

import (
	"bufio"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// appendTo names the archive to which the test binary, run as a child, appends frames until it is killed.
const appendTo = "ARCHIVE_TEST_APPEND_TO"

func TestMain(m *testing.M) {
	if path := os.Getenv(appendTo); path != "" {
		os.Stderr.WriteString(appendForever(path).Error())
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// appendForever appends frames, and prints the number of those there are after each.
func appendForever(path string) error {
	w, err := Append(ctx, path)
	if err != nil {
		return err
	}
	w.band = 64
	for {
		if err := w.Append(ctx, sample(w.Frames())); err != nil {
			return err
		}
		os.Stdout.WriteString(strconv.Itoa(w.Frames()) + "\n")
	}
}

// A process that is killed while it appends leaves all frames that it has reported, each whole, and the next one goes on.
func TestKilled(t *testing.T) {
	path := write(t, 0, 64)
	r := rand.New(rand.NewPCG(3, 4))
	frames := 0
	for kill := range 20 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), appendTo+"="+path)
		var says strings.Builder
		cmd.Stderr = &says
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// The kill comes somewhere in the frames that follow this one.
		lines, upTo := bufio.NewScanner(out), 1+r.IntN(10)
		reported := 0
		for n := 0; lines.Scan(); n++ {
			if reported, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatal(err)
			}
			if n == upTo {
				for range r.IntN(1 << 16) { // a part of a frame
				}
				cmd.Process.Kill()
			}
		}
		cmd.Wait()
		if says.Len() > 0 {
			t.Fatalf("kill %d: the child says %s", kill, &says)
		}
		a, err := Open(ctx, path)
		if err != nil {
			t.Fatalf("kill %d: %v", kill, err)
		}
		err = a.Verify(ctx, nil)
		if a.Len() < reported || a.Len() < frames || err != nil {
			t.Errorf("kill %d: %d frames, %d were reported; %v", kill, a.Len(), reported, err)
		}
		frames = a.Len()
		a.Close()
	}
	w, err := Append(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Append(ctx, sample(frames)), w.Close()); err != nil {
		t.Fatal(err)
	}
	if err := readAll(path, frames+1); err != nil {
		t.Error(err)
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("%d files, want one", len(files))
	}
}
