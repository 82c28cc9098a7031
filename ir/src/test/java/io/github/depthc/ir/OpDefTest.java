// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.ir.op.Unary;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OpDefTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "my op", "2x", "my:op", "größe", "yield", "region", "%x"})
    void aNameThatTheTextFormCannotReadIsRefused(String name) {
        assertThrows(IllegalArgumentException.class, () -> new OpDef(name, Unary.Silu.class, "x"));
    }

    @Test
    void namesMayHaveDotsAndDashes() {
        assertEquals("my.op-2_b", new OpDef("my.op-2_b", Unary.Silu.class, "x").mnemonic());
    }
}
