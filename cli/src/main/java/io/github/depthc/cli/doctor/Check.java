// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.doctor;

/**
 * One thing that a machine has or lacks.
 *
 * @param key    its name in JSON
 * @param name   its name for people
 * @param state  how it is
 * @param found  what there is, or why there is none
 */
public record Check(String key, String name, State state, String found) {
    /** How it is. */
    public enum State {
        /** There. */
        OK,
        /** Missing, and needed for nothing on the CPU. */
        ABSENT,
        /** Missing or too little, and needed. */
        PROBLEM
    }
}
