/** Building blocks that architectures share. */
package io.github.depthc.frontend.arch.common;
