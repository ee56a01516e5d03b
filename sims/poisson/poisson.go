// Package poisson solves the stationary heat equation
//
//	−∇·(k∇u) + a·u = q
//
// on a rectangle, by multigrid on any device.Device. With k = 1 and a = 0 it is Poisson's
// equation, without q Laplace's.
//
// The unknown u is given at rows × cols points, with distances Dx between columns and Dy
// between rows. Each edge is of its own kind: fixed, insulated, with a given flux,
// convective, or periodic. The equations are those of finite volumes around the points, with
// harmonic means of k between neighbours; the error is of second order in the distances.
//
// On exact devices results are the same bit for bit: they depend on the inputs alone, not on
// the device, its workers, or timing.
package poisson

import (
	"context"
	"errors"
	"math"

	"offload/device"
)

// EdgeKind is the kind of condition at an edge.
type EdgeKind int

// The kinds of edges.
const (
	Fixed      EdgeKind = iota // the points of the edge keep their values
	Insulated                  // no heat passes
	Flux                       // Edge.Flux enters
	Convection                 // Edge.Transfer·(Edge.Ambient − u) enters
	Periodic                   // the opposite edge is the next neighbour; both must be Periodic
)

// Edge is the condition at one edge. The zero value is a fixed edge.
type Edge struct {
	Kind     EdgeKind
	Flux     float64 // into the plate, in W/m²
	Transfer float64 // heat transfer coefficient, in W/(m²·K); at least 0
	Ambient  float64 // temperature outside, in the unit of u
}

// Problem is the equation and its edges. Matrices are stored row by row from the top edge
// down, each row from left to right.
type Problem struct {
	Rows, Cols int
	Dx, Dy     float64 // distances between columns and between rows, in m; both 0 means 1

	Top, Bottom, Left, Right Edge

	// K is the conductivity k in W/(m·K), 0 meaning 1. Conductivity, if set, holds that of
	// every point instead; a point with 0 conducts no heat and keeps its value.
	K            float64
	Conductivity []float64

	Source   []float64 // q of every point, in W/m³; nil means none
	Reaction []float64 // a of every point, in W/(m³·K), at least 0; nil means none
	Held     []bool    // points that keep their values, besides those of fixed edges; nil means none
}

// Options configures a solution.
type Options struct {
	// Tol is the residual at which to stop, relative to the largest magnitude given: of the
	// points that are held, ambient temperatures, and the rises that fluxes and sources
	// cause: on plates with fixed edges and one material a bound of it, else the largest
	// value after one cycle from 0. 0 means 1e-10 in float64 and, in float32, what that can resolve. See Result.
	Tol float64
	// MaxCycles is the largest number of cycles; 0 means 100.
	MaxCycles int
	// Progress, if set, is called after each cycle in the caller's goroutine.
	Progress func(cycle int, residual float64)

	// Every, if positive, calls Frame after every so many cycles and after the last one; u
	// then holds the temperatures so far. Frame may keep the state, but not u. Results are
	// the same without. An error of Frame ends the solution.
	Every int
	Frame func(*State) error
	// From, if set, continues the solution of a frame with the same bits. The points of u that
	// keep their values must have those, and the problem and the options be the same.
	From *State
}

// Result describes a solution.
type Result struct {
	Cycles int // cycles on the finest grid, or iterations of conjugate gradients
	// Residual is the largest change of any point that would satisfy the equation of that
	// point alone, in the unit of u; Relative is Residual divided by the largest magnitude
	// given, which Tol is compared with.
	Residual, Relative float64
	Factor             float64 // geometric mean of the ratios of the residuals after and before a cycle; 0 if unknown
	Error              float64 // estimate of the largest distance of any point from the solution of the discrete equations
	Converged          bool
	// Resolved is false if T cannot resolve Tol on this grid: the residual stopped
	// decreasing because of rounding.
	Resolved bool
}

// The errors of this package. Errors about problems and options wrap device.ErrInvalid.
var (
	// ErrNotConverged means that the tolerance was not reached.
	ErrNotConverged = errors.New("the solution has not converged")
	// ErrIncompatible means that more heat enters a plate without any way out than leaves
	// it, so that there is no stationary state.
	ErrIncompatible = errors.New("no stationary state: sources and fluxes do not balance")
)

// Solve replaces u, whose held points are given and whose other points are the first guess,
// by the solution of p. Without held points, convection and reaction the solution is
// determined up to a constant: its mean over the plate stays that of the first guess.
//
// The error wraps device.ErrInvalid for an invalid p, u or o, ErrIncompatible,
// ErrNotConverged, or an error of the device or ctx. After ErrNotConverged and after an
// error of ctx or Frame, u holds the state after the last complete cycle; the result describes it.
// After an error of the device, which says so, u may be undefined.
func Solve[T device.Float](ctx context.Context, dev device.Device, p *Problem, u []T, o Options) (Result, error) {
	s, err := NewSolver[T](ctx, dev, p)
	if err != nil {
		return Result{}, err
	}
	defer s.Close()
	return s.Solve(ctx, u, nil, o)
}

// Solver solves one problem for several sources and first guesses. Its methods must not be
// called concurrently.
type Solver[T device.Float] struct {
	method[T]
}

// method is one way to solve a problem.
type method[T device.Float] interface {
	// Solve is like the function Solve. source replaces the problem's Source unless nil. On
	// devices that compute in host memory the solution arises in u, which the solver refers
	// to until the next call or Close.
	Solve(ctx context.Context, u, source []T, o Options) (Result, error)
	// Close frees the solver's memory on the device.
	Close()
}

// NewSolver prepares the solution of p on dev.
func NewSolver[T device.Float](ctx context.Context, dev device.Device, p *Problem) (*Solver[T], error) {
	if dev == nil {
		return nil, device.Invalidf("no device")
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if plainHierarchy(p) != nil {
		m, err := newPlain[T](ctx, dev, p)
		return &Solver[T]{m}, err
	}
	m, err := newGeneral[T](ctx, dev, p)
	return &Solver[T]{m}, err
}

// spacing returns the distances between columns and rows.
func (p *Problem) spacing() (dx, dy float64) {
	if p.Dx == 0 && p.Dy == 0 {
		return 1, 1
	}
	return p.Dx, p.Dy
}

// conductivity returns the uniform conductivity.
func (p *Problem) conductivity() float64 {
	if p.K == 0 {
		return 1
	}
	return p.K
}

// positive reports whether x is positive and finite.
func positive(x float64) bool { return x > 0 && !math.IsInf(x, 0) }
