package backend

// A Call is one run of an Op.
type Call struct {
	Op      Op
	Vectors [6][]float32 // of one length, in the order of Op.Vectors
	Numbers [8]float32   // in the order of Op.Numbers

	// If Form is not 0, Packed is the last vector in that form, and in Vectors that
	// vector is nil. Packed is ordinary memory and is not changed. The other vectors have
	// n elements, and Packed has Form.Size(n) bytes. Only a gradient, a global model or
	// what is copied may be packed: OpDelta, the means and OpScale take no packed vector.
	Form   Form
	Packed []byte
}
