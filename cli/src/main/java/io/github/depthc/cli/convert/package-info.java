// SPDX-License-Identifier: Apache-2.0
/** What {@code convert} does: from a checkpoint and options to a planned, lowered and written bundle. */
package io.github.depthc.cli.convert;
