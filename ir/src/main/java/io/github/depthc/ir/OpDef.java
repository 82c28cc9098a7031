// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

/** A registered op kind: its mnemonic, the record that holds its attributes, and one line about it. */
public record OpDef(String mnemonic, Class<? extends OpKind> kind, String summary) {
    public OpDef {
        if (!kind.isRecord()) {
            throw new IllegalArgumentException(kind.getName() + " must be a record");
        }
    }
}
