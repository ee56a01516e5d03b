package multigrid

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"offload/cpu"
	"offload/device"
)

// Every number of workers gives the contract's bits, and rows do not depend on the range
// of the launch.
func TestGeneralKernels(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 7} {
		d, err := cpu.Open(context.Background(), device.Options{Workers: workers, Kernels: General()})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for _, k := range General() {
			for _, n := range []int{0, 1, 2, 5, 40, 130} {
				if err := device.Verify(context.Background(), d, k, n); err != nil {
					t.Errorf("%s, %d workers, n = %d: %v", k.Name, workers, n, err)
				}
			}
		}
	}
}

// Each row computed alone has the bits of a launch of all rows.
func TestGeneralRows(t *testing.T) {
	for _, k := range General() {
		for _, n := range []int{1, 4, 13} {
			for i, whole := range k.Examples(n) {
				if err := whole.Contract(); err != nil {
					t.Fatalf("%s, %s: %v", k.Name, whole.Label, err)
				}
				single := k.Examples(n)[i]
				rows := single.Rows
				for r := rows.Lo; r < rows.Hi; r++ {
					single.Rows = device.Range{Lo: r, Hi: r + 1}
					if err := single.Contract(); err != nil {
						t.Fatalf("%s, %s, row %d: %v", k.Name, single.Label, r, err)
					}
				}
				for j, p := range k.Params {
					if p.Access.Writes() && string(single.Args[j].Data.Bytes()) != string(whole.Args[j].Data.Bytes()) {
						t.Errorf("%s, %s: %s depends on the rows of the launch", k.Name, whole.Label, p.Name)
					}
				}
			}
		}
	}
}

// floats returns the values of a float32 argument.
func floats(c *device.Call, i int) []float32 { return device.As[float32](c.Args[i].Data) }

// Restriction is the transpose of prolongation: Σ f·Pc = Σ Rf·c, if there are no
// coefficients so that the residual is f.
func TestTransferIsTranspose(t *testing.T) {
	for _, n := range []int{0, 3, 10} {
		for i, e := range pairsOfGrids(n) {
			e.part = false
			down, up := restrict.Examples(n)[i], prolong.Examples(n)[i]
			down.Rows, up.Rows = device.Range{}, device.Range{Hi: up.Args[prolongU].Data.Len() / up.Args[prolongU].Width}
			down.Rows.Hi = e.coarseRows
			up.Rows.Hi = (e.rows + e.tall - 1) / e.tall
			clear(floats(down, restrictCoef))
			clear(floats(up, prolongU))
			copy(floats(up, prolongWeights), floats(down, restrictWeights))
			for _, c := range []*device.Call{down, up} {
				if err := c.Contract(); err != nil {
					t.Fatal(err)
				}
			}
			var fine, coarse float64
			for j, v := range floats(up, prolongU)[:e.rows*e.cols] {
				fine += float64(v) * float64(floats(down, restrictF)[j])
			}
			for j, v := range floats(down, restrictOut)[:e.coarseRows*e.coarseCols] {
				coarse += float64(v) * float64(floats(up, prolongC)[j])
			}
			if !(math.Abs(fine-coarse) <= 1e-5*(1+math.Abs(fine))) && !e.loose() {
				t.Errorf("%s: Σ f·Pc = %g, Σ Rf·c = %g", e.label(), fine, coarse)
			}
		}
	}
}

// loose reports whether the random weights give some rows a parent beyond the last.
func (e between) loose() bool {
	return !e.wrap && e.axes&HalveRows != 0 && e.rows == 2*e.coarseRows
}

// Kernels do what their documentation says, in float64 and in another order.
func TestGeneralFormulas(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, e := range []example{{rows: 7, cols: 9, planes: Planes4}, {rows: 6, cols: 5, planes: Planes8}, {rows: 5, cols: 7, planes: Planes8, wrap: true}} {
		coef := coefficients[float64](r, e)
		x, p, b := values[float64](r, e.rows*e.cols), values[float64](r, e.rows*e.cols), values[float64](r, e.rows*e.cols)
		out, f, largest := make([]float64, len(x)), make([]float32, len(x)), make([]float64, e.rows)
		c := &device.Call{Kernel: step64, Rows: device.Range{Hi: e.rows}, Args: []device.HostArg{
			device.HostMat(x, e.cols), device.HostMat(p, e.cols), device.HostMat(b, e.cols), device.HostMat(coef, e.cols*e.planes),
			device.HostMat(out, e.cols), device.HostMat(f, e.cols), device.HostMat(largest, 1), hostFlag(e.wrap), device.HostVal(0.5), device.HostVal(2.0)}}
		if err := c.Contract(); err != nil {
			t.Fatal(err)
		}
		u := make([]float64, len(x))
		for i := range u {
			u[i] = x[i] + p[i]/2
		}
		for i := range e.rows {
			most := 0.0
			for j := range e.cols {
				want := b[i*e.cols+j] - e.apply(coef, u, i, j)
				inverse := e.coefficient(coef, i, j, PlaneInverse)
				if inverse == 0 {
					want = 0
				}
				most = max(most, math.Abs(want)*inverse)
				if got := f[i*e.cols+j]; math.Abs(float64(got)-2*want) > 1e-6 {
					t.Errorf("%s, row %d, column %d: residual %g, want %g", e.label(""), i, j, got, 2*want)
				}
			}
			if math.Abs(most-largest[i]) > 1e-14 {
				t.Errorf("%s, row %d: largest %g, want %g", e.label(""), i, largest[i], most)
			}
		}
	}
}

func (e example) coefficient(coef []float64, i, j, plane int) float64 {
	return coef[(i*e.planes+plane)*e.cols+j]
}

// apply returns the product of the operator with u at a point.
func (e example) apply(coef, u []float64, i, j int) float64 {
	v := e.coefficient(coef, i, j, PlaneLoss) * u[i*e.cols+j]
	link := func(i1, j1, plane, i2, j2 int) { // the plane is that of (i1, j1)
		if (i1 < 0 || i2 >= e.rows) && !e.wrap {
			return
		}
		other := [2]int{i1 + i2 - i, j1 + j2 - j}
		at := func(i, j int) int { return (i+e.rows)%e.rows*e.cols + (j+e.cols)%e.cols }
		g := e.coefficient(coef, (i1+e.rows)%e.rows, (j1+e.cols)%e.cols, plane)
		v += g * (u[i*e.cols+j] - u[at(other[0], other[1])])
	}
	link(i, j, PlaneEast, i, j+1)
	link(i, j-1, PlaneEast, i, j)
	link(i, j, PlaneSouth, i+1, j)
	link(i-1, j, PlaneSouth, i, j)
	if e.planes == Planes8 {
		link(i, j, PlaneSouthEast, i+1, j+1)
		link(i-1, j-1, PlaneSouthEast, i, j)
		link(i, j, PlaneSouthWest, i+1, j-1)
		link(i-1, j+1, PlaneSouthWest, i, j)
	}
	return v
}

// Sums of rows are added by halves.
func TestSumRows(t *testing.T) {
	if got := SumRows([]float64{1, 10, 1e17, 20, -1e17, 30}, 2, 0); got != 1 {
		t.Errorf("1 + (1e17 − 1e17) = %g", got)
	}
	if got := SumRows([]float32{1, 10, 2, 20, 3, 30}, 2, 1); got != 60 {
		t.Errorf("sum %g", got)
	}
}
