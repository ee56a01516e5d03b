package atomicfile_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"offload/internal/atomicfile"
)

// text writes s.
func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// wantFolder checks the names in a folder.
func wantFolder(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got, want := strings.Join(names, " "), strings.Join(want, " "); got != want {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
}

func wantContent(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q (%v), want %q", filepath.Base(path), got, err, want)
	}
}

func TestWriteReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	for _, content := range []string{"first, and longer", "second", "", strings.Repeat("x", 1<<20)} {
		if err := atomicfile.Write(path, text(content)); err != nil {
			t.Fatal(err)
		}
		wantContent(t, path, content)
		wantFolder(t, dir, "a.txt")
	}
}

func TestFailureKeepsWhatWasThere(t *testing.T) {
	broken := errors.New("the sensor fell off")
	half := func(w io.Writer) error {
		if err := text(strings.Repeat("half", 1<<16))(w); err != nil {
			return err
		}
		return broken
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	if err := atomicfile.Write(path, half); !errors.Is(err, broken) || !strings.Contains(err.Error(), path) {
		t.Errorf("%v, want the writer's error about %s", err, path)
	}
	wantFolder(t, dir)
	if err := atomicfile.Write(path, text("old")); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(path, half); !errors.Is(err, broken) {
		t.Errorf("%v, want the writer's error", err)
	}
	wantFolder(t, dir, "a.txt")
	wantContent(t, path, "old")
}

func TestPanicLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	func() {
		defer func() { recover() }()
		atomicfile.Write(filepath.Join(dir, "a.txt"), func(io.Writer) error { panic("bug") })
	}()
	wantFolder(t, dir)
}

func TestFolders(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "no", "such", "a.txt")
	err := atomicfile.Write(missing, text("x"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) || strings.Contains(err.Error(), ".tmp") {
		t.Errorf("missing folder: %v", err)
	}
	if err := atomicfile.Write(dir, text("x")); err == nil {
		t.Error("a folder was written to")
	}
	wantFolder(t, dir)
}

func TestPermissions(t *testing.T) {
	dir := t.TempDir()
	plain, path := filepath.Join(dir, "plain"), filepath.Join(dir, "a.txt")
	if err := os.WriteFile(plain, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(path, text("x")); err != nil {
		t.Fatal(err)
	}
	if mode(t, path) != mode(t, plain) {
		t.Errorf("a new file has mode %v, others have %v", mode(t, path), mode(t, plain))
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(path, text("y")); err != nil {
		t.Fatal(err)
	}
	if mode(t, path) != 0o640 {
		t.Errorf("a replaced file of mode 0640 has now %v", mode(t, path))
	}
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

func TestLinkStays(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "a.txt"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if err := atomicfile.Write(link, text("new")); err != nil {
		t.Fatal(err)
	}
	wantContent(t, target, "new")
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", info.Mode(), err)
	}
}

func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	if err := atomicfile.Write("/dev/full", text("x")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v, want ENOSPC", err)
	}
}

func TestStreams(t *testing.T) {
	if _, err := os.Stat("/dev/fd"); err != nil {
		t.Skip("no /dev/fd here")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := atomicfile.Write(fdPath(w), text("through the pipe")); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != "through the pipe" {
		t.Errorf("%q, %v", got, err)
	}
}

// A redirected stdout is a regular file that must not be replaced.
func TestRedirectedStream(t *testing.T) {
	if _, err := os.Stat("/dev/fd"); err != nil {
		t.Skip("no /dev/fd here")
	}
	path := filepath.Join(t.TempDir(), "out")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("before, "); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(fdPath(f), text("after")); err != nil {
		t.Fatal(err)
	}
	wantContent(t, path, "before, after")
}

func fdPath(f *os.File) string {
	return filepath.Join("/dev/fd", strconv.Itoa(int(f.Fd())))
}
