// SPDX-License-Identifier: Apache-2.0
/** Places that a command is told to write to, looked at before any work is done. */
package io.github.depthc.cli.output;
