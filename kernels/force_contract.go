package kernels

import (
	"offload/device"
	"offload/internal/ieee"
)

// forceContract is the definition of Force. For a target i and a source j:
//
//	d  = x_j − x_i                                    each component rounded
//	r² = fma(dx, dx, fma(dy, dy, fma(dz, dz, ε²)))
//	w  = 1 / (r²·√r²)                                 0 where r² = 0
//	a  = fma(gm_j·w, d, a)                            each component
//
// Sources are summed in tiles of SourceTile rows; a tile's partial sum starts at
// zero. The home tile of a target is the tile in which it stands itself. A tile
// at or after it is summed source by source. A tile before it is summed in
// strided lanes, 8 for float32 and 4 for float64, source j in lane j mod lanes,
// which are joined by halves: lane l takes lane l + lanes/2, and so on. The
// partial sums are added in order of the tiles with the rounding error carried
// along, so that the error does not grow with the number of tiles.
//
// The asymmetry is what lets one evaluation serve both bodies of a pair: with
// vectors of targets against one source at a time, the targets of the earlier
// tile meet the sources one by one, and the source's own sum is spread over the
// lanes of the targets.
func forceContract[T device.Float](t *device.Tile) {
	targets, sources := device.View[T](t, gravTargets), device.View[T](t, gravSources)
	acc := device.View[T](t, gravResult)
	eps := device.Scalar[T](t.Launch, gravSoftening)
	home := int64(device.Scalar[int32](t.Launch, gravHome))
	eps2 := T(eps * eps)
	for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
		if t.Done() {
			return
		}
		var sum vectorSum[T]
		target := targets[i*BodyWidth:][:3]
		for lo := 0; lo < len(sources); lo += SourceTile * BodyWidth {
			tile := sources[lo:min(lo+SourceTile*BodyWidth, len(sources))]
			if int64(lo/BodyWidth+SourceTile) <= int64(i)+home {
				sum.add(forceLanes(target, tile, eps2))
			} else {
				sum.add(forceOrdered(target, tile, eps2))
			}
		}
		sum.store(acc[i*AccelWidth:])
	}
}

// forceOrdered sums the tile's sources one by one.
func forceOrdered[T device.Float](target, tile []T, eps2 T) (ax, ay, az T) {
	x, y, z := target[0], target[1], target[2]
	for ; len(tile) >= BodyWidth; tile = tile[BodyWidth:] {
		dx, dy, dz := tile[0]-x, tile[1]-y, tile[2]-z
		s := T(tile[3] * inverseCube(dx, dy, dz, eps2))
		ax, ay, az = ieee.FMA(s, dx, ax), ieee.FMA(s, dy, ay), ieee.FMA(s, dz, az)
	}
	return ax, ay, az
}

// forceLanes sums the tile's sources in strided lanes.
func forceLanes[T device.Float](target, tile []T, eps2 T) (ax, ay, az T) {
	var lx, ly, lz [maxLanes]T
	x, y, z := target[0], target[1], target[2]
	mask := gravityLanes[T]() - 1
	for j := 0; len(tile) >= BodyWidth; j, tile = (j+1)&mask, tile[BodyWidth:] {
		dx, dy, dz := tile[0]-x, tile[1]-y, tile[2]-z
		s := T(tile[3] * inverseCube(dx, dy, dz, eps2))
		lx[j], ly[j], lz[j] = ieee.FMA(s, dx, lx[j]), ieee.FMA(s, dy, ly[j]), ieee.FMA(s, dz, lz[j])
	}
	return joinLanes(&lx, mask+1), joinLanes(&ly, mask+1), joinLanes(&lz, mask+1)
}

// inverseCube is w = 1/(r²·√r²).
func inverseCube[T device.Float](dx, dy, dz, eps2 T) T {
	r2 := squaredDistance(dx, dy, dz, eps2)
	if r2 == 0 {
		return 0
	}
	return 1 / T(r2*ieee.Sqrt(r2))
}

func squaredDistance[T device.Float](dx, dy, dz, eps2 T) T {
	return ieee.FMA(dx, dx, ieee.FMA(dy, dy, ieee.FMA(dz, dz, eps2)))
}
