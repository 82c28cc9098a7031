// SPDX-License-Identifier: Apache-2.0
/** What {@code opt} does: reads a model as text or from a checkpoint, runs a pipeline, and shows what the passes did. */
package io.github.depthc.cli.opt;
