// SPDX-License-Identifier: Apache-2.0
/** The page a person reads, {@code report.html}. Text in, text out: no files, no clock, no network. */
package io.github.depthc.cli.report;
