package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each listing of these documents is a part of the tests, word for word.
func TestListings(t *testing.T) {
	code := sources(t)
	for _, doc := range []string{"multiprocessing.md", "kernel.md", "cluster.md"} {
		t.Run(doc, func(t *testing.T) {
			text, err := os.ReadFile(doc)
			if err != nil {
				t.Fatal(err)
			}
			all := listings(string(text))
			if len(all) == 0 {
				t.Error("no listing was found")
			}
			for _, listing := range all {
				if !strings.Contains(code, "\n"+listing) {
					t.Errorf("no test has this listing:\n%s", listing)
				}
			}
		})
	}
}

var link = regexp.MustCompile(`\]\(([^()\s#]+)(?:#[^()\s]*)?\)`)

// Each file that a document links to is there.
func TestLinks(t *testing.T) {
	docs, err := filepath.Glob("*.md")
	if err != nil || len(docs) == 0 {
		t.Fatal("no document was found", err)
	}
	for _, doc := range append(docs, "../README.md", "../ARCHITECTURE.md", "../CONTRIBUTING.md", "../BENCHMARKS.md") {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(string(text), ""), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s: %v", doc, err)
			}
		}
	}
}

var fence = regexp.MustCompile("(?ms)^```(?:go|glsl)\n(.*?)^```$")

// listings returns the blocks of Go and GLSL in a document.
func listings(text string) []string {
	var all []string
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

// sources returns the text of all tests in this folder.
func sources(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString("\n")
		all.Write(text)
	}
	return all.String()
}
