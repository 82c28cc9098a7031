// SPDX-License-Identifier: Apache-2.0
/** What {@code bench} does: two ways to run a prompt, measured in turns in one process. */
package io.github.depthc.cli.bench;
