package docs_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/sims/plate"
	"offload/sims/poisson"
)

// The pictures of plate.md: the plate of each is 129 × 129 points, 1 mm apart.
func plates() map[string]func(p *poisson.Problem, u *plate.Field[float64]) {
	const n = 129
	edge := func(kind poisson.EdgeKind) poisson.Edge { return poisson.Edge{Kind: kind} }
	hotTop := func(u *plate.Field[float64]) {
		for j := range n {
			u.T[j] = 100
		}
	}
	return map[string]func(p *poisson.Problem, u *plate.Field[float64]){
		"fixed": func(_ *poisson.Problem, u *plate.Field[float64]) { hotTop(u) },
		"insulated": func(p *poisson.Problem, u *plate.Field[float64]) {
			hotTop(u)
			p.Left = edge(poisson.Insulated)
		},
		"flux": func(p *poisson.Problem, u *plate.Field[float64]) {
			p.Left = poisson.Edge{Kind: poisson.Flux, Flux: 1e5}
		},
		"convection": func(p *poisson.Problem, u *plate.Field[float64]) {
			hotTop(u)
			p.Bottom, p.Left = edge(poisson.Insulated), edge(poisson.Insulated)
			p.Right = poisson.Edge{Kind: poisson.Convection, Transfer: 2000, Ambient: 20}
		},
		"periodic": func(p *poisson.Problem, u *plate.Field[float64]) {
			p.Left, p.Right = edge(poisson.Periodic), edge(poisson.Periodic)
			for j := range n / 2 {
				u.T[j] = 100
			}
		},
		"source": func(p *poisson.Problem, _ *plate.Field[float64]) {
			p.Source = make([]float64, n*n)
			for i := 40; i < 60; i++ {
				for j := 70; j < 110; j++ {
					p.Source[i*n+j] = 2e8
				}
			}
		},
		"materials": func(p *poisson.Problem, u *plate.Field[float64]) {
			hotTop(u)
			p.K, p.Conductivity = 0, make([]float64, n*n)
			for i := range p.Conductivity {
				p.Conductivity[i] = 237
				if x, y := i%n-64, i/n-64; x*x+y*y < 30*30 {
					p.Conductivity[i] = 0.2
				}
			}
		},
		"held": func(p *poisson.Problem, u *plate.Field[float64]) {
			p.Held = make([]bool, n*n)
			for i := range p.Held {
				if x, y := i%n-45, i/n-64; x*x+y*y < 12*12 {
					p.Held[i], u.T[i] = true, 80
				}
			}
		},
	}
}

// The pictures in plate.md show what the program computes. OFFLOAD_UPDATE=1 draws them
// anew.
func TestPlatePictures(t *testing.T) {
	dev, err := cpu.Open(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	for name, set := range plates() {
		const n, dx = 129, 1e-3
		u, err := plate.NewField[float64](n, n, plate.Edges{})
		if err != nil {
			t.Fatal(err)
		}
		p := &poisson.Problem{Rows: n, Cols: n, Dx: dx, Dy: dx, K: 237}
		set(p, u)
		if _, err := poisson.Solve(context.Background(), dev, p, u.T, poisson.Options{}); err != nil {
			t.Fatal(name, err)
		}
		var drawn bytes.Buffer
		if err := plate.EncodePNG(&drawn, u, plate.PictureOptions{Title: name, Unit: "°", Dx: dx, Dy: dx}); err != nil {
			t.Fatal(name, err)
		}
		path := filepath.Join("plate", name+".png")
		if os.Getenv("OFFLOAD_UPDATE") != "" {
			if err := os.WriteFile(path, drawn.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		kept, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if differ := differences(t, drawn.Bytes(), kept); differ > 0.01 {
			t.Errorf("%s: %.1f %% of the pixels differ", path, 100*differ)
		}
	}
}

// differences returns the share of pixels that differ visibly between two pictures.
func differences(t *testing.T, a, b []byte) float64 {
	t.Helper()
	decode := func(data []byte) image.Image {
		m, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	x, y := decode(a), decode(b)
	if x.Bounds() != y.Bounds() {
		return 1
	}
	differ := 0
	size := x.Bounds().Size()
	for i := range size.X {
		for j := range size.Y {
			r, g, bl, _ := x.At(i, j).RGBA()
			r2, g2, bl2, _ := y.At(i, j).RGBA()
			if max(r, r2)-min(r, r2)+max(g, g2)-min(g, g2)+max(bl, bl2)-min(bl, bl2) > 0x1000 {
				differ++
			}
		}
	}
	return float64(differ) / float64(size.X*size.Y)
}
