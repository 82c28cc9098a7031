// SPDX-License-Identifier: Apache-2.0
/** What {@code doctor} finds out about a machine. */
package io.github.depthc.cli.doctor;
