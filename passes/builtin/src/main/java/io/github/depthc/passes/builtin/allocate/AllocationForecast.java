// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

/**
 * What {@link AllocatePass} will take on this machine, as told by a layer over a few samples. How many combinations it takes to come
 * within the budget depends on what is measured, and is a guess.
 *
 * @param samples      calibration samples
 * @param leftOut      samples that are too short
 * @param tokens       tokens of all samples
 * @param layers       measurements of one layer on its own
 * @param combinations measurements of several layers together
 * @param layerRuns    how often a layer is run over all samples
 * @param layerSeconds one such run
 * @param loadSeconds  to load the layer for it; 0 where all stay loaded
 * @param seconds      all of it
 * @param weightBytes  of memory, for the weights in F32 that are loaded at once; a runtime may hold a second copy
 * @param stateBytes   of memory, for hidden states
 */
public record AllocationForecast(int samples, int leftOut, long tokens, int layers, int combinations, long layerRuns, double layerSeconds, double loadSeconds,
        double seconds, long weightBytes, long stateBytes) {
    /** Measurements. */
    public int measurements() {
        return layers + combinations;
    }
}
