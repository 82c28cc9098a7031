// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.verify;

import io.github.depthc.ir.Node;
import io.github.depthc.ir.text.Printer;

/** A node as a message shows it. */
final class NodeText {
    private static final int MAX_LENGTH = 200;

    private NodeText() {
    }

    static String of(Node node) {
        String text = Printer.print(node);
        return text.length() > MAX_LENGTH ? text.substring(0, MAX_LENGTH) + "…" : text;
    }
}
