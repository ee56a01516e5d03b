package solar

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"offload/internal/ieee"
)

// Date is a Julian date (TDB), the sum of JD and Low. Low is at most half a unit in JD's last place, which is 40 µs today
// and 5 ms a million years from now.
type Date struct{ JD, Low float64 }

// maxYear limits the years of the calendar.
const maxYear = 1_000_000

// JulianYear is the length of a year in spans such as +30y, in days.
const JulianYear = 365.25

// exactSum returns a + b as a Date without an error of rounding.
func exactSum(a, b float64) Date {
	sum, low := ieee.TwoSum(a, b)
	return Date{sum, low}
}

// Add returns the date span days later, where span is the sum of JD and Low of a Date.
func (d Date) Add(span Date) Date {
	s := exactSum(d.JD, span.JD)
	return exactSum(s.JD, s.Low+(d.Low+span.Low))
}

var calendarDate = regexp.MustCompile(`^([+-]?\d{1,7})-(\d{1,2}|[A-Za-z]{3,9})-(\d{1,2})(?:[ T]\s*(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d*)?))?)?(?:\s*TDB)?$`)

// ParseDate parses a date (TDB): 2050-01-01, 2050-Jan-01 12:00, 2050-01-01T12:00:30.5, JD 2451545.0 or 2451545.0. Days
// begin at midnight. The calendar is the Gregorian one at all times, and years are counted astronomically: the year 0
// precedes the year 1. Years have up to seven digits and a sign if they are negative, and are within a million of 0. The
// error wraps ErrInput.
func ParseDate(text string) (Date, error) {
	trimmed := strings.TrimSpace(text)
	if len(trimmed) > 64 {
		return Date{}, fmt.Errorf("%w: date %.40q… is longer than 64 bytes", ErrInput, text)
	}
	if m := calendarDate.FindStringSubmatch(trimmed); m != nil {
		d, reason := calendar(m[1], m[2], m[3], m[4], m[5], m[6])
		if reason != "" {
			return Date{}, fmt.Errorf("%w: date %q: %s", ErrInput, text, reason)
		}
		return d, nil
	}
	number := trimmed
	if len(trimmed) > 2 && strings.EqualFold(trimmed[:2], "JD") {
		number = strings.TrimSpace(trimmed[2:])
	}
	jd, err := strconv.ParseFloat(number, 64)
	switch {
	case err != nil && strings.HasSuffix(strings.ToUpper(trimmed), "UTC") || strings.HasSuffix(trimmed, "Z"):
		return Date{}, fmt.Errorf("%w: date %q is of UTC; dates are of TDB, and have no time zone", ErrInput, text)
	case err != nil && jd == 0:
		return Date{}, fmt.Errorf("%w: %q is not a date, such as 2050-01-01, 2050-Jan-01 12:00 or JD 2451545.0", ErrInput, text)
	case err != nil || !(math.Abs(jd) <= MaxJD):
		return Date{}, fmt.Errorf("%w: %s is not a Julian date within ±%g", ErrInput, number, MaxJD)
	}
	return Date{jd, remainder(number, jd)}, nil
}

// ParseEnd parses the end of a run that begins at from: a date as for ParseDate, or a span such as +30y, -100d or
// -1e6y, in Julian years or days. The error wraps ErrInput.
func ParseEnd(text string, from Date) (Date, error) {
	trimmed := strings.TrimSpace(text)
	number := strings.TrimRight(trimmed, "yd")
	if len(trimmed)-len(number) != 1 || len(trimmed) > 64 {
		d, err := ParseDate(text)
		if err != nil && !strings.ContainsAny(text, "0123456789") {
			err = fmt.Errorf("%w: %q is neither a date, such as 2050-01-01 or JD 2451545.0, nor a span, such as +30y or -100d", ErrInput, text)
		}
		return d, err
	}
	x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil {
		return Date{}, fmt.Errorf("%w: %q is not a span, such as +30y, -100d or -1e6y", ErrInput, text)
	}
	span := Date{JD: x}
	if strings.HasSuffix(trimmed, "y") {
		days := float64(x * JulianYear)
		span = Date{days, math.FMA(x, JulianYear, -days)}
	}
	if !(math.Abs(span.JD) <= MaxJD) {
		return Date{}, fmt.Errorf("%w: the span %s is longer than %g days", ErrInput, trimmed, MaxJD)
	}
	return from.Add(span), nil
}

// remainder returns what the decimal number has beyond x, its nearest float64. It is 0 for a number with an exponent.
func remainder(number string, x float64) float64 {
	if strings.ContainsAny(number, "eExXpP_") {
		return 0
	}
	exact, ok := new(big.Rat).SetString(number)
	if !ok {
		return 0
	}
	low, _ := exact.Sub(exact, new(big.Rat).SetFloat64(x)).Float64()
	return low
}

// months has the names of the months, which may be given in full or by their first three letters.
const months = "january february march april may june july august september october november december"

// calendar returns the date of a day in the calendar and a time, which may be empty, or what is wrong with it.
func calendar(year, month, day, hour, minute, second string) (Date, string) {
	y, _ := strconv.Atoi(year)
	m, err := strconv.Atoi(month)
	if err != nil {
		for i, name := range strings.Fields(months) {
			if lower := strings.ToLower(month); lower == name || lower == name[:3] {
				m = i + 1
			}
		}
	}
	d, _ := strconv.Atoi(day)
	h, _ := strconv.Atoi(hour)
	minutes, _ := strconv.Atoi(minute)
	s, _ := strconv.ParseFloat(second, 64)
	switch {
	case y < -maxYear || y > maxYear:
		return Date{}, fmt.Sprintf("the year is not within ±%d", maxYear)
	case m < 1 || m > 12:
		return Date{}, month + " is not a month"
	case d < 1 || d > daysIn(y, m):
		return Date{}, fmt.Sprintf("the month has %d days", daysIn(y, m))
	case h > 23 || minutes > 59 || !(s < 60):
		return Date{}, "the time is not within 00:00 and 23:59:59.999"
	}
	elapsed := float64(3600*h+60*minutes) + s
	// Noon is the beginning of a Julian day.
	return exactSum(float64(dayNumber(y, m, d))-0.5, elapsed/SecondsPerDay), ""
}

func leap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

func daysIn(y, m int) int {
	switch {
	case m == 2 && leap(y):
		return 29
	case m == 2:
		return 28
	case m == 4 || m == 6 || m == 9 || m == 11:
		return 30
	}
	return 31
}

// The calendar repeats after 400 years. Years that begin in March have their leap day at the end, and their months have
// 153 days in each five.
const (
	cycleDays   = 146097  // in 400 years
	marchOfZero = 1721120 // Julian day number of 0000-03-01
)

// dayNumber returns the Julian day number that begins at noon of the day.
func dayNumber(y, m, d int) int {
	if m -= 3; m < 0 {
		y, m = y-1, m+12
	}
	cycle := floorDiv(y, 400)
	y -= 400 * cycle
	return marchOfZero + cycleDays*cycle + 365*y + y/4 - y/100 + (153*m+2)/5 + d - 1
}

// calendarDay is the inverse of dayNumber.
func calendarDay(n int) (y, m, d int) {
	n -= marchOfZero
	cycle := floorDiv(n, cycleDays)
	n -= cycleDays * cycle
	y = (n - n/1460 + n/36524 - n/(cycleDays-1)) / 365
	n -= 365*y + y/4 - y/100
	m = (5*n + 2) / 153
	d = n - (153*m+2)/5 + 1
	if m += 3; m > 12 {
		y, m = y+1, m-12
	}
	return y + 400*cycle, m, d
}

// floorDiv returns the greatest integer of at most a/b, for b > 0.
func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// number formats the date as the Julian date of a table: by the fewest digits that identify JD, or, where that would be too
// coarse, to a nanoday.
func (d Date) number() string {
	if math.Abs(d.JD) < 1e8 || d.Low == 0 {
		return formatJD(d.JD)
	}
	sum := new(big.Float).SetPrec(128).SetFloat64(d.JD)
	text := strings.TrimRight(sum.Add(sum, big.NewFloat(d.Low)).Text('f', 9), "0")
	if strings.HasSuffix(text, ".") {
		text += "0"
	}
	return text
}

// FormatDate formats a date for people: 2050-01-01, 2050-01-01 12:00 or 2050-01-01 12:00:30.500, rounded to a
// millisecond. Years beyond four digits have a sign. Dates beyond the years that ParseDate accepts are formatted as
// JD 1000000000.0.
func FormatDate(d Date) string {
	day := math.Floor(d.JD)
	elapsed := (d.JD - day) + 0.5 + d.Low // days since midnight, or one more
	const perDay = 86_400_000
	ms := math.Floor(float64(elapsed*perDay) + 0.5)
	if !(math.Abs(day) < 366*maxYear) {
		return "JD " + formatJD(d.JD)
	}
	days := math.Floor(ms / perDay)
	y, m, n := calendarDay(int(day + days))
	if y < -maxYear || y > maxYear {
		return "JD " + formatJD(d.JD)
	}
	format := "%04d-%02d-%02d"
	if y < 0 {
		format = "%05d-%02d-%02d"
	} else if y > 9999 {
		format = "%+d-%02d-%02d"
	}
	text := fmt.Sprintf(format, y, m, n)
	switch left := int(ms - days*perDay); {
	case left == 0:
	case left%60000 == 0:
		text += fmt.Sprintf(" %02d:%02d", left/3_600_000, left/60_000%60)
	default:
		text += fmt.Sprintf(" %02d:%02d:%02d.%03d", left/3_600_000, left/60_000%60, left/1000%60, left%1000)
	}
	return text
}
