// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli;

import io.github.depthc.cli.console.Program;
import io.github.depthc.ir.text.Nearest;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What is wrong with a command line, in one sentence without the words of Java. */
final class Usage {
    private static final Set<Class<?>> WHOLE = Set.of(int.class, Integer.class, long.class, Long.class);
    private static final Set<Class<?>> REAL = Set.of(double.class, Double.class);

    private Usage() {
    }

    /** The sentence. */
    static String problem(ParameterException e) {
        if (e instanceof UnmatchedArgumentException u) {
            return unmatched(u);
        }
        if (e.getCause() instanceof TypeConversionException t && e.getArgSpec() != null) {
            return name(e.getArgSpec()) + " " + badValue(e, t);
        }
        String message = e.getMessage().replaceFirst("^Error: ", "");
        return Character.toLowerCase(message.charAt(0)) + message.substring(1);
    }

    /** The line that says where help is. */
    static String help(CommandLine at) {
        return "Try: " + Program.command() + at.getCommandSpec().qualifiedName().substring(Program.NAME.length()) + " --help";
    }

    private static String unmatched(UnmatchedArgumentException e) {
        String word = e.getUnmatched().getFirst();
        CommandLine at = e.getCommandLine();
        if (e.isUnknownOption()) {
            String option = word.substring(0, word.indexOf('=') < 0 ? word.length() : word.indexOf('='));
            return "unknown option '" + option + "'" + Nearest.hint(option, at.getCommandSpec().optionsMap().keySet());
        }
        if (at.getParent() != null) {
            return "unexpected argument '" + word + "'";
        }
        Set<String> commands = at.getSubcommands().keySet();
        String nearest = Nearest.hint(word, commands);
        return "unknown command '" + word + "'" + (nearest.isEmpty() ? ", expected one of " + String.join(", ", commands) : nearest);
    }

    private static String badValue(ParameterException e, TypeConversionException t) {
        Class<?> type = e.getArgSpec().auxiliaryTypes()[0];
        String is = "is '" + e.getValue() + "', expected ";
        if (WHOLE.contains(type)) {
            return is + "a whole number" + (e.getValue().matches("[+-]?[0-9]+") ? " of at most " + (type.equals(int.class) || type.equals(Integer.class)
                    ? Integer.MAX_VALUE : Long.MAX_VALUE) : "");
        }
        if (REAL.contains(type)) {
            return is + "a number";
        }
        return type.isEnum() ? is + choices(Arrays.stream(type.getEnumConstants()).map(c -> ((Enum<?>) c).name().toLowerCase(Locale.ROOT)).toList())
                : t.getMessage();
    }

    private static String choices(List<String> names) {
        return names.stream().limit(names.size() - 1L).collect(Collectors.joining(", ")) + " or " + names.getLast();
    }

    private static String name(ArgSpec spec) {
        return spec instanceof OptionSpec option ? option.longestName() : spec.paramLabel();
    }
}
