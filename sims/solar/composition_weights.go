package solar

// yoshida4 is the triple jump: three leapfrogs of weights w, 1-2w, w with w = 1/(2-∛2) cancel the third-order error
// (Yoshida 1990, Phys. Lett. A 150, 262; also Forest & Ruth 1990, Physica D 43, 105).
func yoshida4() []float64 {
	const (
		cbrt2 = 1.25992104989487316476721060727822835
		w     = 1 / (2 - cbrt2)
	)
	return []float64{w, 1 - 2*w, w}
}

// kahanLi8 is the 17-stage symmetric composition s17odr8a of Kahan & Li (1997, Math. Comp. 66, 1089), as printed in
// Hairer, Lubich & Wanner, Geometric Numerical Integration (2006), sec. V.3.2. It has the form of Yoshida's (1990)
// 15-stage methods of order 8 and, for two stages more, far smaller error constants.
func kahanLi8() []float64 {
	const (
		w1 = 0.13020248308889008087881763
		w2 = 0.56116298177510838456196441
		w3 = -0.38947496264484728640807860
		w4 = 0.15884190655515560089621075
		w5 = -0.39590389413323757733623154
		w6 = 0.18453964097831570709183254
		w7 = 0.25837438768632204729397911
		w8 = 0.29501172360931029887096624
		w9 = 1 - 2*(w1+w2+w3+w4+w5+w6+w7+w8)
	)
	return []float64{w1, w2, w3, w4, w5, w6, w7, w8, w9, w8, w7, w6, w5, w4, w3, w2, w1}
}
