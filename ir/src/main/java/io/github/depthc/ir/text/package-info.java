// SPDX-License-Identifier: Apache-2.0
/** The text form of the IR: printer, parser, and the codec that reads attributes off record components. Grammar: {@code docs/ir.md}. */
package io.github.depthc.ir.text;
