// Command solar measures integrators of the Solar System.
//
//	solar wh|radau15 BODIES YEARS DT   prints a JSON object with the years that a second does
//	solar bodies BODIES                prints the system for ci/peers/rebound.c: GM, position and velocity of a body a line
//
// BODIES is 9 for the Sun and the planets with the Moon in the Earth, 10 with Pluto, 11 with the Moon apart. DT is in days;
// radau15 ignores it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"offload/sims/solar"
)

// result describes a run.
type result struct {
	Method string  `json:"method"`
	Bodies int     `json:"bodies"`
	Rate   float64 `json:"rate"`   // years a second
	Energy float64 `json:"energy"` // relative error
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("solar: ")
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(args []string) error {
	if len(args) < 2 || args[0] != "bodies" && len(args) != 4 {
		return fmt.Errorf("usage: solar wh|radau15 BODIES YEARS DT, or solar bodies BODIES")
	}
	var numbers [3]float64
	for i, arg := range args[1:] {
		var err error
		if numbers[i], err = strconv.ParseFloat(arg, 64); err != nil {
			return err
		}
	}
	sys, err := system(int(numbers[0]))
	if err != nil {
		return err
	}
	if args[0] == "bodies" {
		for _, b := range sys.Bodies {
			fmt.Printf("%.17g %.17g %.17g %.17g %.17g %.17g %.17g\n", b.GM, b.X[0], b.X[1], b.X[2], b.V[0], b.V[1], b.V[2])
		}
		return nil
	}
	years := numbers[1]
	sim, err := solar.New(sys, nil, solar.Options{Integrator: args[0], Dt: numbers[2]})
	if err != nil {
		return err
	}
	begin := time.Now()
	report, err := sim.Run(context.Background(), sys.Epoch+365.25*years, solar.Watch{})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result{
		Method: args[0], Bodies: len(sys.Bodies), Rate: years / time.Since(begin).Seconds(), Energy: report.EnergyError,
	})
}

func system(bodies int) (*solar.System, error) {
	sys, err := solar.J2000()
	if err != nil || bodies == 11 {
		return sys, err
	}
	if sys, err = sys.Merge("Earth", "Earth", "Moon"); err != nil {
		return nil, err
	}
	if bodies != 9 && bodies != 10 {
		return nil, fmt.Errorf("a system of %d bodies; there is one of 9, 10 or 11", bodies)
	}
	sys.Bodies = sys.Bodies[:bodies]
	return sys, nil
}
