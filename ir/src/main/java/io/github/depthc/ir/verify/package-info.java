// SPDX-License-Identifier: Apache-2.0
/** Checks that a graph keeps the rules of the IR. */
package io.github.depthc.ir.verify;
