/** Qwen2 and Qwen2.5. */
package io.github.depthc.frontend.arch.qwen2;
