package plate

import (
	"encoding/binary"
	"fmt"
	"io"

	"offload/device"
)

// vtiStart is what comes before the data of a VTK file; the data follow the underscore.
// See https://docs.vtk.org/en/latest/vtk_file_formats/vtkxml_file_format.html.
const vtiStart = `<?xml version="1.0"?>
<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64">
  <ImageData WholeExtent="0 %[1]d 0 %[2]d 0 0" Origin="0 0 0" Spacing="%[3]v %[4]v 1">
    <Piece Extent="0 %[1]d 0 %[2]d 0 0">
      <PointData Scalars="temperature">
        <DataArray type="Float%[5]d" Name="temperature" format="appended" offset="0"/>
      </PointData>
    </Piece>
  </ImageData>
  <AppendedData encoding="raw">
_`

const vtiEnd = `
  </AppendedData>
</VTKFile>
`

// EncodeVTI writes f to a stream as VTK image data for ParaView, with the points'
// temperatures. The lower left corner of the plate is the origin, x grows to the right
// and y upwards, as in WritePNG: row 0 has the largest y, so that ParaView shows the top
// edge at the top. The error wraps device.ErrInvalid if the spacings are invalid.
func EncodeVTI[T device.Float](w io.Writer, f *Field[T], o WriteOptions) error {
	if err := f.checkSize(); err != nil {
		return err
	}
	if o.Dx == 0 && o.Dy == 0 {
		o.Dx, o.Dy = 1, 1
	}
	if err := checkSpacing(o.Dx, o.Dy); err != nil {
		return err
	}
	size := device.TypeOf[T]().Size()
	if _, err := fmt.Fprintf(w, vtiStart, f.Cols-1, f.Rows-1, o.Dx, o.Dy, 8*size); err != nil {
		return err
	}
	if err := binary.Write(w, binary.LittleEndian, uint64(len(f.T))*uint64(size)); err != nil {
		return err
	}
	buffer := make([]byte, 0, 1<<15)
	for r := f.Rows - 1; r >= 0; r-- {
		if err := writeValues(w, f.row(r), buffer); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, vtiEnd)
	return err
}
