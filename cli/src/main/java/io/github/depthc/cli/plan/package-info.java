// SPDX-License-Identifier: Apache-2.0
/** Which layers become Mixture-of-Depths layers and at which ratios: read from options, worked out, and printed. */
package io.github.depthc.cli.plan;
