// SPDX-License-Identifier: Apache-2.0
/** Building blocks that architectures share. */
package io.github.depthc.frontend.arch.common;
