package plate_test

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"

	"offload/device"
	"offload/sims/plate"
)

// vtkFile is what a .vti file says about its data.
type vtkFile struct {
	Type       string `xml:"type,attr"`
	Version    string `xml:"version,attr"`
	ByteOrder  string `xml:"byte_order,attr"`
	HeaderType string `xml:"header_type,attr"`
	Image      struct {
		Extent  string `xml:"WholeExtent,attr"`
		Origin  string `xml:",attr"`
		Spacing string `xml:",attr"`
		Piece   struct {
			Extent string `xml:",attr"`
			Points struct {
				Scalars string `xml:",attr"`
				Arrays  []struct {
					Type   string `xml:"type,attr"`
					Name   string `xml:",attr"`
					Format string `xml:"format,attr"`
					Offset string `xml:"offset,attr"`
				} `xml:"DataArray"`
			} `xml:"PointData"`
		}
	} `xml:"ImageData"`
	Appended struct {
		Encoding string `xml:"encoding,attr"`
		Data     string `xml:",chardata"`
	} `xml:"AppendedData"`
}

func TestVTI(t *testing.T) {
	t.Run("f32", testVTI[float32])
	t.Run("f64", testVTI[float64])
}

func testVTI[T device.Float](t *testing.T) {
	f := &plate.Field[T]{Rows: 2, Cols: 3, T: []T{1, 2, 3, 4, 5, 0.1}} // 1 2 3 is the top edge
	for _, c := range []struct {
		options plate.WriteOptions
		spacing string
	}{
		{plate.WriteOptions{Dx: 1e-3, Dy: 0.1}, "0.001 0.1 1"},
		{plate.WriteOptions{}, "1 1 1"},
	} {
		var b bytes.Buffer
		if err := plate.EncodeVTI(&b, f, c.options); err != nil {
			t.Fatal(err)
		}
		// The data are not XML: they are cut out between the underscore and the end.
		head, rest, ok := bytes.Cut(b.Bytes(), []byte("raw\">\n_"))
		size := binary.LittleEndian.Uint64(rest)
		bits := len(rest[8:][:size]) / 6 * 8
		var file vtkFile
		if err := xml.Unmarshal(slices.Concat(head, []byte("raw\">"), rest[8+size:]), &file); err != nil || !ok {
			t.Fatal(err)
		}
		values := make([]T, 6)
		if err := binary.Read(bytes.NewReader(rest[8:]), binary.LittleEndian, values); err != nil || !slices.Equal(values, []T{4, 5, 0.1, 1, 2, 3}) {
			t.Errorf("%v, %v; want the lower row first", values, err)
		}
		want := fmt.Sprintf("{ImageData 1.0 LittleEndian UInt64 {0 2 0 1 0 0 0 0 0 %s {0 2 0 1 0 0 {temperature [{Float%d temperature appended 0}]}}} {raw ",
			c.spacing, bits)
		if got := fmt.Sprint(file); !strings.HasPrefix(got, want) || bits != 8*device.TypeOf[T]().Size() || strings.TrimSpace(file.Appended.Data) != "" {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}
