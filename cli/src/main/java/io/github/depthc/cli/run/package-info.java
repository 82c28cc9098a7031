// SPDX-License-Identifier: Apache-2.0
/** What {@code run} does: a prompt in, text as it is made, and what it cost. */
package io.github.depthc.cli.run;
