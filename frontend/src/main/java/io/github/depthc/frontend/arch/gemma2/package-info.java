/** Gemma 2. */
package io.github.depthc.frontend.arch.gemma2;
