/** Qwen3, dense. */
package io.github.depthc.frontend.arch.qwen3;
