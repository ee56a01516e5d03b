package device

// Shader is the form of a kernel for devices with compute shaders: GLSL 4.30.
//
// The device declares the parameters before Source, by their names. For a buffer
// called u there are
//
//	u_at(i)    element i of the matrix, to be read or assigned
//	u_rows     number of rows
//	u_width    elements of a row
//
// and for a scalar called cx there is cx_value. Besides these:
//
//	row_lo, row_hi   the rows to compute
//	pass_index       which pass of the plan runs, from 0
//	pass_word(i)     word i of the pass
//	group_index      which of the pass's work-groups this is, from 0
//	LOCAL            invocations in a work-group
//	scratch_at(i)    element i of the scratch, if the plan asks for any
//
// All of them are int. Exact arithmetic is by exact_add … exact_fma; see package
// shaders. MATH_FAST is defined where the device was opened with fast arithmetic.
type Shader struct {
	// Source is the rest of the shader, main included.
	Source string

	// Local is the number of invocations in a work-group.
	Local int

	// Scratch is the type of the scratch's elements; zero for a shader without.
	Scratch Type

	// Plan cuts a launch into passes. Nil means one pass with one invocation for
	// each row; the row is row_lo + group_index*LOCAL + gl_LocalInvocationIndex.
	Plan func(l *Launch, limits ShaderLimits, p *ShaderPlan)

	// FastError bounds the relative error of fast arithmetic, in the norm that the
	// kernel's documentation names; zero where fast results equal exact ones.
	FastError float64
}

// ShaderLimits is what a device can do in one work-group and at once.
type ShaderLimits struct {
	SharedBytes int // memory that a work-group shares
	GroupSize   int // most invocations of a work-group
}

// ShaderPlan is how a launch is cut. Passes run one after another and see what
// earlier ones wrote. It is reused from launch to launch.
type ShaderPlan struct {
	Passes  []Pass
	Scratch int // elements of scratch, left as they were from pass to pass
}

// Pass is one dispatch. Its work-groups do not depend on each other, so that the
// device may run them in several pieces.
type Pass struct {
	Groups int
	Words  [PassWords]int32
}

// PassWords is the number of words that a pass hands to its shader.
const PassWords = 8
