// SPDX-License-Identifier: Apache-2.0
/** The pages a person reads: the picture of a plan and {@code report.html}. Text in, text out: no files, no clock, no network. */
package io.github.depthc.cli.report;
