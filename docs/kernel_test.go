package docs_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"slices"
	"testing"

	"offload"
	"offload/device"
	"offload/device/check"
	"offload/internal/gltest"
)

// Parameters of matmul, in binding order.
const (
	matA = iota
	matB
	matC
)

// matmul is the matrix product C = A·B.
var matmul = newMatmul()

func newMatmul() *device.Kernel {
	k := &device.Kernel{
		Name: "matmul.f64",
		Params: []device.Param{
			matA: {Name: "a", Type: device.Float64, Access: device.ReadRows},
			matB: {Name: "b", Type: device.Float64, Access: device.ReadAll},
			matC: {Name: "c", Type: device.Float64, Access: device.WriteRows},
		},
		Contract: matmulContract,
		Check:    checkMatmul,
		Host:     []device.HostCode{{Name: "go", Run: matmulRows}},
		Shader:   &device.Shader{Source: matmulShader, Local: matmulLocal, Groups: matmulGroups},
		Cost:     matmulCost,
		Unit:     "products",
	}
	k.Examples = func(n int) []*device.Call { return matmulExamples(k, n) }
	return k
}

// matmulContract adds the products of an element in the order of the columns of A,
// beginning with 0.
func matmulContract(t *device.Tile) {
	a, b, c := device.View[float64](t, matA), device.View[float64](t, matB), device.View[float64](t, matC)
	inner, cols := t.Width(matA), t.Width(matC)
	for i := t.Rows.Lo; i < t.Rows.Hi && !t.Done(); i++ {
		for j := range cols {
			sum := 0.0
			for k := range inner {
				sum += float64(a[i*inner+k] * b[k*cols+j])
			}
			c[i*cols+j] = sum
		}
	}
}

// checkMatmul refuses matrices whose shapes do not fit.
func checkMatmul(l *device.Launch) error {
	a, b, c := l.Args[matA], l.Args[matB], l.Args[matC]
	switch {
	case a.Width != b.NumRows():
		return device.Invalidf("kernel %s: a has %d columns, b has %d rows", l.Kernel.Name, a.Width, b.NumRows())
	case b.Width != c.Width:
		return device.Invalidf("kernel %s: b has %d columns, c has %d", l.Kernel.Name, b.Width, c.Width)
	}
	return nil
}

// matmulRows adds a multiple of a row of B at a time, so that it reads B as it lies in
// memory.
func matmulRows(t *device.Tile) {
	a, b, c := device.View[float64](t, matA), device.View[float64](t, matB), device.View[float64](t, matC)
	inner, cols := t.Width(matA), t.Width(matC)
	for i := t.Rows.Lo; i < t.Rows.Hi && !t.Done(); i++ {
		row := c[i*cols : (i+1)*cols]
		clear(row)
		for k, x := range a[i*inner : (i+1)*inner] {
			for j, y := range b[k*cols : (k+1)*cols] {
				row[j] += float64(x * y)
			}
		}
	}
}

const matmulShader = `
void main()
{
	int e = group_index * LOCAL + int(gl_LocalInvocationIndex);
	int i = row_lo + e / c_width, j = e % c_width;
	if (i < row_hi) {
		double sum = 0.0lf;
		for (int k = 0; k < a_width; k++)
			sum = exact_add(sum, exact_mul(a_at(i * a_width + k), b_at(k * b_width + j)));
		c_at(i * c_width + j) = sum;
	}
}
`

// matmulLocal is the number of invocations in a work-group.
const matmulLocal = 64

// matmulGroups is the number of work-groups with one invocation for each element of C.
func matmulGroups(l *device.Launch) int {
	return (l.Rows.Len()*l.Args[matC].Width + matmulLocal - 1) / matmulLocal
}

func matmulCost(l *device.Launch) device.Cost {
	rows, inner, cols := float64(l.Rows.Len()), float64(l.Args[matA].Width), float64(l.Args[matC].Width)
	products := rows * inner * cols
	return device.Cost{
		Items: products,
		Ops:   2 * products, // each is added
		Bytes: 8 * (rows*inner + inner*cols + rows*cols),
	}
}

// matmulExamples are products of about n × n matrices: square and oblong ones, one with
// a single column, and one of which some rows are computed.
func matmulExamples(k *device.Kernel, n int) []*device.Call {
	shapes := []struct {
		label             string
		rows, inner, cols int
		part              device.Range // the zero Range stands for all rows
	}{
		{"square", n, n + 1, n + 1, device.Range{}},
		{"oblong", n/2 + 1, 2*n + 1, n + 3, device.Range{}},
		{"one column", n, n + 2, 1, device.Range{}},
		{"some rows", n + 4, 3, n + 1, device.Range{Lo: 1, Hi: n + 2}},
	}
	r := rand.New(rand.NewPCG(uint64(n), 1))
	var calls []*device.Call
	for _, s := range shapes {
		calls = append(calls, &device.Call{
			Label:  fmt.Sprintf("%s: %d × %d by %d × %d", s.label, s.rows, s.inner, s.inner, s.cols),
			Kernel: k,
			Rows:   s.part,
			Args: []device.HostArg{
				matA: device.HostMat(randoms(r, s.rows*s.inner), s.inner),
				matB: device.HostMat(randoms(r, s.inner*s.cols), s.cols),
				matC: device.HostMat(slices.Repeat([]float64{-12345}, s.rows*s.cols), s.cols),
			},
		})
	}
	return calls
}

// randoms returns n numbers between −0.5 and 0.5.
func randoms(r *rand.Rand, n int) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = r.Float64() - 0.5
	}
	return all
}

func Example_matmul() {
	ctx := context.Background()
	a := []float64{
		1, 2,
		3, 4,
		5, 6,
	}
	b := []float64{
		7, 8, 9,
		10, 11, 12,
	}
	for _, name := range []string{"reference", "cpu"} {
		dev, err := offload.Open(ctx, name, device.Options{Kernels: []*device.Kernel{matmul}})
		if err != nil {
			log.Fatal(err)
		}
		c := make([]float64, 3*3)
		call := &device.Call{Kernel: matmul, Args: []device.HostArg{
			matA: device.HostMat(a, 2), matB: device.HostMat(b, 3), matC: device.HostMat(c, 3)}}
		if err := call.Run(ctx, dev); err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, c, dev.Info().IsExact(matmul.Name))
		dev.Close()
	}
	// Output:
	// reference [27 30 33 61 68 75 95 106 117] true
	// cpu [27 30 33 61 68 75 95 106 117] true
}

func TestMatmul(t *testing.T) {
	ctx := context.Background()
	for _, name := range []string{"reference", "cpu", "software", "gpu"} {
		t.Run(name, func(t *testing.T) {
			dev, err := offload.Open(ctx, name, device.Options{})
			if errors.Is(err, device.ErrUnavailable) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer dev.Close()
			for _, n := range []int{0, 1, 2, 7, 33} {
				if err := check.Kernel(ctx, dev, matmul, n); err != nil {
					t.Errorf("n = %d: %v", n, err)
				}
			}
		})
	}
}

// Results never change. What computes others is another kernel, with another name.
func TestMatmulNeverChanges(t *testing.T) {
	const want = "fc95a1b0edc0050dad84a687"
	h := sha256.New()
	for _, c := range matmul.Examples(30) {
		if err := c.Contract(); err != nil {
			t.Fatalf("%s: %v", c.Label, err)
		}
		if err := binary.Write(h, binary.LittleEndian, device.As[float64](c.Args[matC].Data)); err != nil {
			t.Fatal(err)
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)[:12]); got != want {
		t.Errorf("the digest is %q, not %q", got, want)
	}
}

// TestMatmul passes over a device that is not there; this does not, where OpenGL is
// required.
func TestMatmulShader(t *testing.T) {
	dev := gltest.Open(t, device.Options{Kernels: []*device.Kernel{matmul}})
	if !dev.Info().IsExact(matmul.Name) {
		t.Error("the probe found a difference")
	}
	for _, n := range []int{0, 1, 2, 7, 8, 9, 64, 100} {
		if err := device.Verify(context.Background(), dev, matmul, n); err != nil {
			t.Errorf("n = %d: %v", n, err)
		}
	}
}

// Shapes that do not fit are refused.
func TestMatmulRefuses(t *testing.T) {
	mat := func(rows, cols int) device.HostArg { return device.HostMat(make([]float64, rows*cols), cols) }
	for _, c := range []struct {
		name string
		args []device.HostArg
	}{
		{"columns of a, rows of b", []device.HostArg{mat(2, 3), mat(2, 2), mat(2, 2)}},
		{"columns of b and c", []device.HostArg{mat(2, 3), mat(3, 2), mat(2, 3)}},
		{"more rows of c than of a", []device.HostArg{mat(2, 3), mat(3, 2), mat(3, 2)}},
	} {
		call := &device.Call{Kernel: matmul, Args: c.args}
		if err := call.Contract(); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func Example_debug() {
	since := &device.Kernel{
		Name: "since",
		Params: []device.Param{
			{Name: "x", Type: device.Float64, Access: device.ReadRows},
			{Name: "y", Type: device.Float64, Access: device.WriteRows},
		},
		Contract: func(t *device.Tile) {
			x, y := device.View[float64](t, 0), device.View[float64](t, 1)
			for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
				y[i] = x[i] - x[0] // not a row of its own
			}
		},
	}
	ctx := context.Background()
	dev, err := offload.Open(ctx, "cpu", device.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()
	call := &device.Call{Kernel: since, Args: []device.HostArg{
		device.HostVec([]float64{1, 2, 4}), device.HostVec(make([]float64, 3))}}
	fmt.Println(call.Run(ctx, dev))
	fmt.Println(call.Run(ctx, check.Debug(dev)))
	// Output:
	// <nil>
	// the rule of a launch is broken: kernel since, contract, rows 1 to 3: it reads what it does not declare: row 0, column 0 of x, of which it may read rows 1 to 3; then row 1, column 0 of y is NaN, not 1
}
