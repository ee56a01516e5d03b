package opengl

import "testing"

func TestSoftwareIsKnownByItsName(t *testing.T) {
	for _, c := range []struct {
		renderer string
		software bool
	}{
		{"llvmpipe (LLVM 15.0.6, 256 bits)", true},
		{"softpipe", true},
		{"Software Rasterizer", true},
		{"SWR (LLVM 11.0.0, 256 bits)", true},
		{"Google SwiftShader", true},
		{"ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (LLVM 10.0.0)), SwiftShader driver)", true},
		{"D3D12 (Microsoft Basic Render Driver)", true},
		{"Microsoft Basic Render Driver", true},
		{"GDI Generic", true},
		{"Apple Software Renderer", true},
		{"zink Vulkan 1.3(llvmpipe (LLVM 15.0.6, 256 bits) (MESA_LLVMPIPE))", true},
		{"virgl (LLVMPIPE (LLVM 15.0.6, 256 bits))", true},
		{"NVIDIA H100 80GB HBM3/PCIe/SSE2", false},
		{"NVIDIA GeForce RTX 3080/PCIe/SSE2", false},
		{"AMD Radeon RX 7900 XTX (radeonsi, navi31, LLVM 15.0.6, DRM 3.49, 6.1.0)", false},
		{"Mesa Intel(R) UHD Graphics 630 (CFL GT2)", false},
		{"D3D12 (NVIDIA GeForce RTX 3080)", false},
		{"zink Vulkan 1.3(AMD Radeon RX 6800 (RADV NAVI21))", false},
		{"V3D 7.1.7", false},
		{"", false},
	} {
		if got := isSoftware(c.renderer); got != c.software {
			t.Errorf("isSoftware(%q) = %v", c.renderer, got)
		}
	}
}
