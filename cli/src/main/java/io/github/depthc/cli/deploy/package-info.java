// SPDX-License-Identifier: Apache-2.0
/** What {@code deploy} does: a bundle behind HTTP until a signal ends it. */
package io.github.depthc.cli.deploy;
