"""What people write: the customers of a dental practice, and the practice itself."""

REPLIES = (
    "Yes, confirmed. Thank you!",
    "C",
    "Can I come at 3:30 instead?",
    "Running about 10 min late, so sorry",
    "Do you take Delta Dental?",
    "Perfect, see you Thursday",
    "Is parking behind the building?",
    "My son has a fever, we need to reschedule. Anything next week?",
    "Got it 👍",
    "How much is a cleaning without insurance?",
    "Who is this?",
    "I already paid this last week, please check",
    "Thanks so much, Dr. Okafor was wonderful",
    "Could you send the receipt to my email?",
    "What should I eat after the extraction?",
    "The temporary crown came off. Can someone call me?",
    "¿Tienen citas el sábado?",
    "ok",
    "Need to cancel my 9am tomorrow, can't get off work",
    "Is the 24th still open?",
    "Yes for both kids please",
    "Can my husband pick up the night guard?",
    "Do I need to come fasting?",
    "I'm here, in the blue car",
    "Still a little sore but better, thank you for checking",
    "Please use my new number from now on",
    "Do you have anything earlier? It hurts when I chew",
    "No thanks, we moved to Oakland",
)
ALMOST_STOPS = (
    "please take me off your list",
    "Wrong number, stop texting me",
    "I don't want these messages anymore",
)
STOPS = ("STOP", "Stop", "stop", "UNSUBSCRIBE", "Quit", "END", "Cancel")
STARTS = ("START", "Unstop", "start")

REMINDERS = (
    "Willow Creek Dental: a reminder of your cleaning tomorrow. Reply C to confirm or call "
    "(650) 555-0101 to change. Reply STOP to opt out.",
    "Willow Creek Dental: you are due for your six-month check-up. Reply YES and we will find a "
    "time. Reply STOP to opt out.",
    "Willow Creek Dental: we have openings this Friday morning. Want one? Reply STOP to opt out.",
    "Willow Creek Dental: please bring your insurance card to your visit tomorrow. Reply STOP to opt out.",
)
NOTICES = (
    "Willow Creek Dental: our Downtown office opens at 10 tomorrow because of the street fair. "
    "Reply STOP to opt out.",
    "Willow Creek Dental: your statement is ready at willowcreekdental.example/pay. Questions? "
    "Just reply. Reply STOP to opt out.",
)
CAMPAIGN = (
    "Willow Creek Dental: new-patient whitening is half price through the 30th. Book at "
    "willowcreekdental.example/glow or reply YES. Reply STOP to opt out."
)
ANSWERS = (
    "Thanks, you are all set. See you then!",
    "Of course. We moved you to 3:30 pm.",
    "Yes, we take Delta Dental PPO. Anything else we can help with?",
    "No problem, drive safely. We will be ready for you.",
    "We will call you in a few minutes.",
)
