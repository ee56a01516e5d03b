// Command leapfrog measures test particles in the field of nine bodies on the CPU, for ci/peers/run:
//
//	leapfrog WORKERS PARTICLES STEPS REPS
//
// It prints a JSON object for each repetition, as peers does. The rate is of particles times steps.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"offload/cpu"
	"offload/device"
	"offload/kernels/gravity"
)

func main() {
	var n [4]int
	for i := range n {
		var err error
		if len(os.Args) != len(n)+1 {
			err = fmt.Errorf("usage: leapfrog WORKERS PARTICLES STEPS REPS")
		} else {
			n[i], err = strconv.Atoi(os.Args[i+1])
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	if err := measure(context.Background(), n[0], n[1], n[2], n[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, workers, particles, steps, reps int) error {
	const count = 9
	d, err := cpu.Open(ctx, device.Options{Workers: workers})
	if err != nil {
		return err
	}
	defer d.Close()
	places, speeds := gravity.Plummer[float64](particles, 1), gravity.Plummer[float64](particles, 2)
	xv := make([]float64, 0, particles*gravity.ParticleWidth)
	for i := range particles {
		p, v := places[gravity.BodyWidth*i:], speeds[gravity.BodyWidth*i:]
		xv = append(xv, p[0], p[1], p[2], v[0]/100, v[1]/100, v[2]/100)
	}
	start := gravity.Plummer[float64](count, 3)
	var table []float64
	for range steps + 1 {
		table = append(table, start...)
	}
	rows, err := device.Upload(ctx, d, xv)
	if err != nil {
		return err
	}
	bodies, err := device.Upload(ctx, d, table)
	if err != nil {
		return err
	}
	l := gravity.NewLeapfrog(device.Mat(rows, gravity.ParticleWidth), device.Mat(bodies, gravity.BodyWidth), count, 0.01)
	for rep := -1; rep < reps; rep++ { // the first one is cold and does not count
		begun := time.Now()
		if err := d.Launch(ctx, l); err != nil {
			return err
		}
		if err := rows.Wait(ctx); err != nil {
			return err
		}
		if seconds := time.Since(begun).Seconds(); rep >= 0 {
			fmt.Printf("{\"kernel\":\"leapfrog\",\"seconds\":%g,\"rate\":%g}\n", seconds, float64(particles)*float64(steps)/seconds)
		}
	}
	return nil
}
