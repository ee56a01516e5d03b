package solar

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

func TestParseDate(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Date
	}{
		{"JD 2451545.0", Date{JD: 2451545}},
		{"jd2451545", Date{JD: 2451545}},
		{"2462502.5", Date{JD: 2462502.5}},
		{"2.4515455e6", Date{JD: 2451545.5}},
		{"-1000.25", Date{JD: -1000.25}},
		{"2451545.1", Date{JD: 2451545.1, Low: -9.313225746154786e-11}},
		{"2000-01-01 12:00", Date{JD: 2451545}},
		{"2000-Jan-01 12:00:00.0000 TDB", Date{JD: 2451545}},
		{"2000-january-1T12:00", Date{JD: 2451545}},
		{"2050-01-01", Date{JD: 2469807.5}},
		{"1582-10-15", Date{JD: 2299160.5}}, // the first day of the Gregorian calendar
		{"1858-11-17", Date{JD: 2400000.5}},
		{"-4713-11-24 12:00", Date{JD: 0}}, // 1 January 4713 BC of the Julian calendar
		{"0000-03-01", Date{JD: 1721119.5}},
		{"2000-02-29 06:00", Date{JD: 2451603.75}},
		{"+1000000-01-01", Date{JD: 366963559.5}}, // 2 500 cycles of 146 097 days after the year 0
		{"-1000000-01-01", Date{JD: 1721059.5 - 2500*146097}},
	} {
		got, err := ParseDate(tt.in)
		if err != nil || got.JD != tt.want.JD || math.Abs(got.Low-tt.want.Low) > 1e-17 {
			t.Errorf("%s: %v, %v; want %v", tt.in, got, err, tt.want)
		}
	}
}

func TestParseEnd(t *testing.T) {
	from := Date{JD: 2451545, Low: 1e-12}
	for in, want := range map[string]Date{
		"+30y":       {JD: 2451545 + 10957.5, Low: 1e-12},
		"+100d":      {JD: 2451645, Low: 1e-12},
		"-1e6y":      {JD: 2451545 - 365.25e6, Low: 1e-12},
		"0.1d":       {JD: 2451545.1, Low: -9.313225746154786e-11 + 1e-12},
		"- 1d":       {},
		"2050-01-01": {JD: 2469807.5},
		"2451910":    {JD: 2451910},
	} {
		got, err := ParseEnd(in, from)
		if want == (Date{}) {
			if !errors.Is(err, ErrInput) {
				t.Errorf("%s: %v, %v", in, got, err)
			}
		} else if err != nil || got.JD != want.JD || math.Abs(got.Low-want.Low) > 1e-17 {
			t.Errorf("%s: %v, %v; want %v", in, got, err, want)
		}
	}
}

func TestParseDateRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"tomorrow":              `"tomorrow" is neither a date, such as 2050-01-01 or JD 2451545.0, nor a span, such as +30y`,
		"":                      "is neither a date",
		"2050-13-01":            "13 is not a month",
		"2050-Foo-01":           "Foo is not a month",
		"2050-02-29":            "the month has 28 days",
		"1900-2-29":             "the month has 28 days",
		"2050-01-01 24:00":      "the time is not within",
		"2050-01-01 12:00:60":   "the time is not within",
		"2050-01-01 12:00 UTC":  "is of UTC",
		"2050-01-01T12:00Z":     "is of UTC",
		"2000001-01-01":         "the year is not within ±1000000",
		"01/02/2050":            "is not a date, such as",
		"1e30":                  "1e30 is not a Julian date within",
		"NaN":                   "is neither a date",
		"1e999":                 "is not a Julian date",
		"+1e30y":                "the span +1e30y is longer than",
		"+NaNy":                 "is not a span, such as",
		"+30yd":                 "is not a date, such as",
		"JD":                    "is neither a date",
		strings.Repeat("1", 99): "is longer than 64 bytes",
	} {
		_, err := ParseEnd(in, Date{})
		if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

// All days of some cycles of the calendar, against the library where it has them.
func TestDaysOfTheCalendar(t *testing.T) {
	for _, start := range []int{-400_000_000, -1_000_000, 1_721_060, 2_451_545, 300_000_000} {
		day := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, start-2_451_545)
		for n := start; n < start+2000; n++ {
			y, m, d := calendarDay(n)
			if wy, wm, wd := day.Date(); y != wy || m != int(wm) || d != wd || dayNumber(y, m, d) != n {
				t.Fatalf("day %d is %d-%d-%d, want %d-%d-%d", n, y, m, d, wy, wm, wd)
			}
			day = day.AddDate(0, 0, 1)
		}
	}
	for n := -cycleDays; n < cycleDays; n++ {
		y, m, d := calendarDay(n)
		if dayNumber(y, m, d) != n || d < 1 || d > daysIn(y, m) {
			t.Fatalf("day %d is %d-%d-%d", n, y, m, d)
		}
	}
}

func TestFormatDate(t *testing.T) {
	for _, tt := range []struct {
		date Date
		want string
	}{
		{Date{JD: 2451545}, "2000-01-01 12:00"},
		{Date{JD: 2469807.5}, "2050-01-01"},
		{Date{JD: 2451545, Low: 1.5 / 86400}, "2000-01-01 12:00:01.500"},
		{Date{JD: 2451544.5, Low: -1e-9}, "2000-01-01"},
		{Date{JD: 2451544.5, Low: -1e-8}, "1999-12-31 23:59:59.999"},
		{Date{JD: 0}, "-4713-11-24 12:00"},
		{Date{JD: 1705425.5}, "-0043-03-13"},
		{Date{JD: 1721059.5 + 25*146097}, "+10000-01-01"},
		{Date{JD: -1e9}, "JD -1000000000.0"},
		{Date{JD: math.Inf(1)}, "JD +Inf.0"},
	} {
		if got := FormatDate(tt.date); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.date, got, tt.want)
		}
	}
}

// FuzzParseDate checks that what is accepted is in range and comes back from FormatDate to a millisecond.
func FuzzParseDate(f *testing.F) {
	for _, in := range []string{"2050-01-01", "+30y", "-1e6y", "JD 2451545.123456789012345678", "-0044-Mar-15 09:30:01.25", "1e-999999999", "0x1p3"} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		d, err := ParseEnd(in, Date{JD: 2451545})
		if err != nil {
			if !errors.Is(err, ErrInput) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error %q", err)
			}
			return
		}
		if !(math.Abs(d.JD) <= 2*MaxJD) || d.JD+d.Low != d.JD {
			t.Fatalf("%q is %v", in, d)
		}
		text := FormatDate(d)
		again, err := ParseDate(text)
		if err != nil {
			t.Fatalf("%q is formatted as %q: %v", in, text, err)
		}
		if off := (again.JD - d.JD) + (again.Low - d.Low); math.Abs(off)*86400 > 0.00051 && !strings.HasPrefix(text, "JD") {
			t.Fatalf("%q is %v, %q, and comes back as %v", in, d, text, again)
		}
	})
}

// Dates beyond a float64's resolution are written with all the digits that the simulation has.
func TestDateNumber(t *testing.T) {
	for _, c := range []struct {
		date Date
		want string
	}{
		{Date{JD: 2451545}, "2451545.0"},
		{Date{JD: 2451578.3, Low: -3e-11}, "2451578.3"},
		{Date{JD: 1e10}, "10000000000.0"},
		{exactSum(1e10, 0.1), "10000000000.1"},
		{exactSum(-1e11, 1e-9), "-99999999999.999999999"},
	} {
		if got := c.date.number(); got != c.want {
			t.Errorf("%v: %s, want %s", c.date, got, c.want)
		}
	}
}
