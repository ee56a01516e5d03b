package solar

import (
	"strconv"
	"strings"
)

// knownMass is the GM of a body of the Solar System under its number at JPL.
type knownMass struct {
	id   int
	name string
	gm   float64 // km³/s²
}

// de405Bodies has the numbers of the bodies whose GM is in data/solar_system_j2000.csv, in its order. Barycentres of
// planets without moons are the planets.
var de405Bodies = [...][2]int{{10, 10}, {199, 1}, {299, 2}, {399, 399}, {301, 301}, {4, 4}, {5, 5}, {6, 6}, {7, 7}, {8, 8}, {9, 9}}

// de440Masses is GM of JPL's DE440 (Park, Folkner, Williams & Boggs 2021, AJ 161, 105, table 2) and of the satellite
// ephemerides that belong to it, as in NAIF's kernel gm_de440.tpc, for bodies that DE405 does not have.
var de440Masses = [...]knownMass{
	{499, "", 42828.37362069909}, {599, "", 126686534.1960128}, {699, "", 37931206.23436167},
	{799, "", 5793951.256527211}, {899, "", 6835103.145462294}, {999, "", 869.6138177608748},
	{401, "Phobos", 7.087546066894452e-4}, {402, "Deimos", 9.615569648120313e-5},
	{501, "Io", 5959.915466180539}, {502, "Europa", 3202.712099607295}, {503, "Ganymede", 9887.832752719638}, {504, "Callisto", 7179.283402579837},
	{601, "Mimas", 2.503488768152587}, {602, "Enceladus", 7.210366688598896}, {603, "Tethys", 41.21352885489587}, {604, "Dione", 73.11607172482067},
	{605, "Rhea", 153.9417519146563}, {606, "Titan", 8978.137095521046}, {607, "Hyperion", 0.3704913747932265}, {608, "Iapetus", 120.5151060137642},
	{701, "Ariel", 83.46344431770477}, {702, "Umbriel", 85.09338094489388}, {703, "Titania", 226.9437003741248}, {704, "Oberon", 205.3234302535623},
	{705, "Miranda", 4.319516899232100}, {801, "Triton", 1428.495462910464}, {901, "Charon", 105.8799888601881},
	{2000001, "Ceres", 62.62888864440993}, {2000002, "Pallas", 13.66587814596742}, {2000004, "Vesta", 17.28823287917151}, {2000010, "Hygiea", 5.625147645385229},
}

// masses finds GM of bodies of the Solar System. The zero value is ready for use.
type masses struct{ de405 *System }

// find returns GM in au³/day² of a body of the Solar System, by its number at JPL, or by its name if id is 0, and
// whether it is known. The Sun, the planets, the Moon and Pluto have DE405's values, others DE440's. Mars to Pluto are
// the systems with their moons, as in DE405; numbers such as 599 are the planets alone. A name may be a number, and may
// be followed by one, as in "Mars (499)", or preceded by that of an asteroid, as in "1 Ceres (A801 AA)".
func (m *masses) find(name string, id int) (float64, bool) {
	if m.de405 == nil {
		sys, err := J2000()
		if err != nil {
			return 0, false
		}
		m.de405 = sys
	}
	name, number := targetOf(name)
	if id == 0 {
		id = number
	}
	if n, err := strconv.Atoi(name); id == 0 && err == nil {
		id = n
	}
	for i, b := range m.de405.Bodies {
		ids := de405Bodies[i]
		if id == ids[0] || id == ids[1] || id == 0 && sameBody(name, b.Name) {
			return b.GM, true
		}
	}
	const earth, moon = 3, 4
	if id == 3 || id == 0 && sameBody(name, "Earth-Moon") {
		return m.de405.Bodies[earth].GM + m.de405.Bodies[moon].GM, true
	}
	if number, asteroid, ok := strings.Cut(name, " "); ok && id == 0 {
		if _, err := strconv.Atoi(number); err == nil {
			name = asteroid
		}
	}
	for _, known := range de440Masses {
		// Asteroids have numbers from 2000000 and, more recently, from 20000000.
		newer := known.id > 2000000 && id == known.id+18000000
		if id == known.id || newer || id == 0 && known.name != "" && strings.EqualFold(known.name, name) {
			return massive.units()[1].value(known.gm), true
		}
	}
	return 0, false
}

// sameBody reports whether name is that of the body or of its system's barycentre.
func sameBody(name, body string) bool {
	return strings.EqualFold(name, body) || strings.EqualFold(name, body+" Barycenter")
}
