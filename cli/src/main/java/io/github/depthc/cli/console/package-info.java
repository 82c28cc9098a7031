// SPDX-License-Identifier: Apache-2.0
/** What every command prints with: streams, tables, bars, numbers with units, progress, JSON. */
package io.github.depthc.cli.console;
