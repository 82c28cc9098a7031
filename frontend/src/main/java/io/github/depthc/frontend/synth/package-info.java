/** Random checkpoints of any shape, for tests and benchmarks. */
package io.github.depthc.frontend.synth;
