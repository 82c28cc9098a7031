// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What stands in a picture, or in a box of it, and how values flow; nothing says where yet.
 *
 * @param items in an order in which each comes after what it takes values from
 * @param links between them
 */
record Chart(List<Item> items, List<Link> links) {
    Chart {
        items = List.copyOf(items);
        links = List.copyOf(links);
    }

    /**
     * A value's way from an item to a later one.
     *
     * @param from index of the item that gives the value
     * @param to   index of the one that takes it
     * @param slot which of the taker's {@code slots} it arrives at, from the left
     * @param slots how many there are
     * @param label the value and its type
     */
    record Link(int from, int to, int slot, int slots, String label) {
    }

    /** Something with a place. */
    sealed interface Item {
        /** What a viewer shows when it is pointed at. */
        String tooltip();
    }

    /** A value that comes from outside ({@code result} false) or goes there. */
    record Port(String name, boolean result, String tooltip) implements Item {
    }

    /**
     * An op.
     *
     * @param title   its mnemonic
     * @param shape   of its first result, short
     * @param details lines about attributes, weights and values that come without a line
     */
    record Op(String title, String shape, List<String> details, Category category, String tooltip) implements Item {
    }

    /** What a layer is, which the look of its box shows. */
    enum Kind { DENSE, PLANNED, MOD, OTHER }

    /**
     * A layer as a heading says it.
     *
     * @param title "layer 3"
     * @param ratio retention ratio, where one is planned or fixed
     * @param kept  tokens it processes of those of the prompt, "78 of 512", or words about them; may be empty
     */
    record Head(String title, Kind kind, OptionalDouble ratio, String kept, String tooltip) {
    }

    /**
     * A layer with what is in it.
     *
     * @param details lines below the heading
     * @param skipped what becomes of tokens that go round the body; empty when none do
     */
    record Card(Head head, List<String> details, Chart body, Optional<String> skipped) implements Item {
        @Override
        public String tooltip() {
            return head.tooltip();
        }
    }

    /**
     * Consecutive layers, a row each, whose bodies are drawn elsewhere.
     *
     * @param rows the layers
     */
    record Stack(List<Row> rows) implements Item {
        Stack {
            rows = List.copyOf(rows);
        }

        @Override
        public String tooltip() {
            return "";
        }
    }

    /**
     * A row of a stack.
     *
     * @param head the layer, or what equal ones have in common
     * @param body title of the layer whose body looks the same
     */
    record Row(Head head, String body) {
    }
}
