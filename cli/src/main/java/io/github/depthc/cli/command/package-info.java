// SPDX-License-Identifier: Apache-2.0
/** The subcommands, one class each. A command gets its console when it is made and knows no other stream. */
package io.github.depthc.cli.command;
